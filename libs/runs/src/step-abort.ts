/**
 * How a step is told to stop. What it has begun outside is let come to its end first: an effect that is cut off in the
 * middle would only have to be asked for.
 */
export class StepAbort {
  #controller: AbortController | undefined;
  #acting = 0;
  #reason: Error | undefined;
  #isStopped = false;
  #onStop: (() => void) | undefined;

  /** Made when it is first asked for: most steps are over before they look. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isStopped) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why it was told to stop; undefined: it was not, or what is under way outside has not come to its end. */
  get stoppedBy(): Error | undefined {
    return this.#isStopped ? this.#reason : undefined;
  }

  /** Calls back once it is told to stop; at once where it has been already. @returns a function that ends this */
  onStop(callback: () => void): () => void {
    if (this.#isStopped) callback();
    else this.#onStop = callback;
    return () => {
      this.#onStop = undefined;
    };
  }

  /** @param now also cuts off what is under way outside: its answer could not be recorded any more */
  abort(reason: Error, { now = false }: { readonly now?: boolean } = {}): void {
    this.#reason ??= reason;
    if (now || this.#acting === 0) this.#stop();
  }

  /** @throws the reason where a stop was asked for, though what is under way may still come to its end */
  throwIfAsked(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  async acting<T>(act: () => Promise<T>): Promise<T> {
    this.#acting += 1;
    try {
      return await act();
    } finally {
      this.#acting -= 1;
      if (this.#reason !== undefined && this.#acting === 0) this.#stop();
    }
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#controller?.abort(this.#reason);
    this.#onStop?.();
  }
}
