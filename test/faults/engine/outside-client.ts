import { PlanwardenError } from '@planwarden/contracts';
import type { Ask, EffectKind } from './targets.js';

/** What a worker asks of the outside. Everything but an answer is retryable: in doubt the target is asked. */
export class OutsideClient {
  constructor(private readonly url: string) {}

  do(kind: EffectKind, ask: Ask): Promise<unknown> {
    return this.#post(`do/${kind}`, ask);
  }

  ask(kind: EffectKind, ask: Ask): Promise<unknown> {
    return this.#post(`ask/${kind}`, ask);
  }

  async comments(ask: Ask): Promise<number[]> {
    return (await this.#post('comments', ask)) as number[];
  }

  uncomment(ask: Ask): Promise<unknown> {
    return this.#post('uncomment', ask);
  }

  /** Tells that a step of this key misbehaves. @returns whether it is the first time */
  async misbehaves(ask: Ask): Promise<boolean> {
    return (await this.#post('misbehaves', ask)) === true;
  }

  async voted(ask: Ask): Promise<boolean> {
    return (await this.#post('voted', ask)) === true;
  }

  async #post(path: string, ask: Ask): Promise<unknown> {
    const headers = { 'content-type': 'application/json', 'x-worker': String(process.pid) };
    let response: Response;
    try {
      response = await fetch(`${this.url}/${path}`, { method: 'POST', headers, body: JSON.stringify(ask) });
      if (response.ok) return await response.json();
    } catch (cause) {
      throw away('the answer was lost', cause);
    }
    throw away(`the target answered ${response.status}`);
  }
}

const away = (message: string, cause?: unknown): PlanwardenError =>
  new PlanwardenError('OUTSIDE_UNAVAILABLE', message, { remedy: 'Wait.', failure: 'retryable', cause });
