/** Holds the product at one of its named instants. */
export class Holds {
  #armed: { point: string; reached: () => void; until: Promise<void> } | undefined;

  async at(point: string): Promise<void> {
    const armed = this.#armed;
    if (armed?.point !== point) return;
    this.#armed = undefined;
    armed.reached();
    await armed.until;
  }

  /** The next time the product comes to the point, it stays there until `release`. */
  next(point: string): { readonly reached: Promise<void>; release(): void } {
    let release = (): void => undefined;
    let reached = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const came = new Promise<void>((resolve) => {
      reached = resolve;
    });
    this.#armed = { point, reached, until };
    return { reached: came, release };
  }
}
