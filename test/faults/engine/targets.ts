/** Effects that a run of the fixture has on the outside; the first five may happen once only. */
export const ONCE_KINDS = ['ref', 'commit', 'pull', 'apply', 'merge'] as const;
export const EFFECT_KINDS = [...ONCE_KINDS, 'comment', 'text'] as const;
export type EffectKind = (typeof EFFECT_KINDS)[number];
export type OnceKind = (typeof ONCE_KINDS)[number];

export const isOnce = (kind: EffectKind): kind is OnceKind => (ONCE_KINDS as readonly string[]).includes(kind);

/** What is asked of a target. `key`: run and round. */
export interface Ask {
  readonly key: string;
  readonly run: string;
  readonly from?: string;
  readonly serial?: number;
  readonly sha?: string;
  readonly value?: string;
  readonly id?: number;
}

/** Refused by the target's own compare-and-set. */
export class Refused extends Error {}

/** The outside: each target with the compare-and-set of docs/durability.md, and a count of what took effect. */
export class Targets {
  readonly #times = new Map<string, number>();
  readonly #refs = new Map<string, string>();
  readonly #pulls = new Set<string>();
  readonly #serials = new Map<string, number>();
  readonly #merged = new Map<string, string>();
  readonly #comments = new Map<string, number[]>();
  readonly #texts = new Map<string, string>();
  #ids = 0;

  /** How often something took effect; of comments and texts, how many stand. */
  count(kind: EffectKind, key: string): number {
    if (kind === 'comment') return this.comments(key).length;
    if (kind === 'text') return this.#texts.has(key) ? 1 : 0;
    return this.#times.get(`${kind} ${key}`) ?? 0;
  }

  comments(key: string): readonly number[] {
    return this.#comments.get(key) ?? [];
  }

  text(key: string): string | undefined {
    return this.#texts.get(key);
  }

  /** @throws Refused */
  do(kind: EffectKind, ask: Ask): unknown {
    const result = this.#act(kind, ask);
    const name = `${kind} ${ask.key}`;
    this.#times.set(name, (this.#times.get(name) ?? 0) + 1);
    return result;
  }

  /** What is found of an earlier attempt; undefined: nothing. */
  found(kind: OnceKind, key: string): unknown {
    const results: Record<OnceKind, unknown> = {
      ref: this.#refs.has(key) ? { sha: base(key) } : undefined,
      commit: this.#refs.get(key) === head(key) ? { sha: head(key) } : undefined,
      pull: this.#pulls.has(key) ? { head: key } : undefined,
      apply: this.#serials.has(key) ? { serial: this.#serials.get(key) } : undefined,
      merge: this.#merged.has(key) ? { sha: this.#merged.get(key) } : undefined,
    };
    return results[kind];
  }

  removeComment(key: string, id: number): void {
    this.#comments.set(
      key,
      this.comments(key).filter((one) => one !== id),
    );
  }

  #act(kind: EffectKind, { key, from, serial, sha, value }: Ask): unknown {
    switch (kind) {
      case 'ref':
        if (this.#refs.has(key)) throw new Refused('Reference already exists');
        this.#refs.set(key, base(key));
        return { sha: base(key) };
      case 'commit':
        if (this.#refs.get(key) !== from) throw new Refused('Update is not a fast forward');
        this.#refs.set(key, head(key));
        return { sha: head(key) };
      case 'pull':
        if (this.#pulls.has(key)) throw new Refused('A pull request already exists for that head');
        this.#pulls.add(key);
        return { head: key };
      case 'apply':
        if ((this.#serials.get(key) ?? 0) !== serial) throw new Refused('Saved plan is stale');
        this.#serials.set(key, serial + 1);
        return { serial: serial + 1 };
      case 'merge':
        if (this.#merged.has(key) || this.#refs.get(key) !== sha) throw new Refused('Head branch was modified');
        this.#merged.set(key, sha ?? '');
        return { sha };
      case 'comment':
        this.#ids += 1;
        this.#comments.set(key, [...this.comments(key), this.#ids]);
        return { id: this.#ids };
      case 'text':
        this.#texts.set(key, value ?? '');
        return { value };
    }
  }
}

const base = (key: string): string => `base of ${key}`;
const head = (key: string): string => `head of ${key}`;
