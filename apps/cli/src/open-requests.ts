import type { JSONRPCRequest, RequestId } from '@modelcontextprotocol/client';

/** Requests that go on until somebody closes them: nobody waits for their answer. */
const STANDING = new Set(['subscriptions/listen']);

interface Open {
  readonly abort: AbortController;
  readonly method: string;
}

/** Requests of the client that wait for an answer: what each is called, and how it is given up. */
export class OpenRequests {
  readonly #open = new Map<RequestId, Open>();
  #onChange: () => void = () => undefined;

  begin({ id, method }: Pick<JSONRPCRequest, 'id' | 'method'>): AbortSignal {
    const abort = new AbortController();
    this.#open.set(id, { abort, method });
    return abort.signal;
  }

  isInitialize(id: RequestId | undefined): boolean {
    return id !== undefined && this.#open.get(id)?.method === 'initialize';
  }

  /** @returns whether it was waiting still */
  done(id: RequestId | undefined): boolean {
    const wasOpen = id !== undefined && this.#open.delete(id);
    this.#onChange();
    return wasOpen;
  }

  giveUp(id: unknown): void {
    if (typeof id !== 'string' && typeof id !== 'number') return;
    const found = this.#open.get(id);
    this.done(id);
    found?.abort.abort();
  }

  /** Resolves when every request but those that stand has its answer; in `limitMs` milliseconds at the latest. */
  async answered(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, limitMs);
      this.#onChange = () => {
        if ([...this.#open.values()].some(({ method }) => !STANDING.has(method))) return;
        clearTimeout(limit);
        resolve();
      };
      this.#onChange();
    });
  }
}
