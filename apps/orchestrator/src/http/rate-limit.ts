/** A bucket of tokens: `burst` at once, then `perSecond`. */
export class RateLimit {
  #tokens: number;
  #at: number;

  /** @param nowMs milliseconds of a clock that only moves forward */
  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#tokens = burst;
    this.#at = nowMs();
  }

  /** Takes one; false when none is left. */
  take(): boolean {
    const now = this.nowMs();
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
