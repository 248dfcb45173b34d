/** Places for runs in hand. Whoever comes while all are taken waits for one, first come first. */
export class Places {
  readonly #waiting: ((isTaken: boolean) => void)[] = [];
  #free: number;
  #isClosed = false;

  constructor(count: number) {
    this.#free = count;
  }

  /** @returns false when none is free now */
  takeNow(): boolean {
    if (this.#isClosed || this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** @returns false when they were closed meanwhile: there is no place any more */
  take(): Promise<boolean> {
    if (this.takeNow()) return Promise.resolve(true);
    if (this.#isClosed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Gives a place back; who waits longest gets it. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next(true);
  }

  /** Nobody gets a place from here on. */
  close(): void {
    this.#isClosed = true;
    for (const resolve of this.#waiting.splice(0)) resolve(false);
  }
}
