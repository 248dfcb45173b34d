const SHA = /^[0-9a-f]{40}$/;

/**
 * Remembers Git objects by their id: what an id names never changes, so an answer read once is the answer. Refs, pull
 * requests, reviews and comparisons are never kept. The oldest unused entries give way.
 */
export class ObjectCache {
  readonly #kept = new Map<string, unknown>();

  constructor(private readonly most: number) {}

  /** The object of this kind and id, read at most once; anything that is not a whole id is read every time. */
  async get<T>(kind: 'commit' | 'tree' | 'blob', id: string, read: () => Promise<T>): Promise<T> {
    if (!SHA.test(id)) return read();
    const key = `${kind}:${id}`;
    const known = this.#kept.get(key);
    const value = known === undefined ? await read() : (known as T);
    this.#kept.delete(key);
    this.#kept.set(key, value);
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > this.most && !oldest.done) this.#kept.delete(oldest.value);
    return value;
  }
}
