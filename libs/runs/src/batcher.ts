/** What became of one item of a batch: its answer, or why it alone was refused. */
export type Settled<O> = { readonly value: O } | { readonly error: unknown };

export interface BatcherOptions<I> {
  /** Batches under way at a time: while one is being made durable the next is gathered. */
  readonly lanes: number;
  /** Most items of one batch. */
  readonly most: number;
  /** Weight of an item, and the weight at which a batch is full. */
  readonly weigh?: (item: I) => number;
  readonly fullAt?: number;
}

/** Gathers items that arrive at the same time into one piece of work. Nobody waits for a batch to fill up. */
export class Batcher<I, O> {
  readonly #waiting: { readonly item: I; settle(result: Settled<O>): void }[] = [];
  #busy = 0;
  #isScheduled = false;

  /** @param work resolves with one result an item, in their order; what it throws is thrown to all of them */
  constructor(
    private readonly work: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
    private readonly options: BatcherOptions<I>,
  ) {}

  add(item: I): Promise<O> {
    return new Promise<O>((resolve, reject) => {
      const settle = (result: Settled<O>) => ('error' in result ? reject(result.error) : resolve(result.value));
      this.#waiting.push({ item, settle });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#busy >= this.options.lanes || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    // All that is added in this turn of the event loop goes together.
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#fits());
    if (batch.length === 0) return;
    this.#busy += 1;
    this.#schedule();
    try {
      const results = await this.work(batch.map(({ item }) => item));
      for (const [index, { settle }] of batch.entries()) {
        settle(results[index] ?? { error: new Error('a batch answered less than it was asked') });
      }
    } catch (error) {
      for (const { settle } of batch) settle({ error });
    } finally {
      this.#busy -= 1;
      this.#schedule();
    }
  }

  /** How many of those that wait go into the next batch: at least one. */
  #fits(): number {
    const { most, weigh, fullAt = Number.POSITIVE_INFINITY } = this.options;
    let weight = 0;
    let count = 0;
    for (const { item } of this.#waiting) {
      weight += weigh?.(item) ?? 0;
      if (count === most || (count > 0 && weight > fullAt)) break;
      count += 1;
    }
    return count;
  }
}
