import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutsideFault } from './messages.js';
import { keyOf } from './pipeline.js';
import { type Ask, type EffectKind, isOnce, Refused, Targets } from './targets.js';

export interface OutsideHooks {
  /** Whether the journal holds the intent by now; undefined: cannot be told, the database is away. */
  isIntended(run: string, name: string, key: string): Promise<boolean | undefined>;
  /** False: this worker was away right before it acts, and the run is another's since, or has ended. */
  mayAct(run: string, worker: number): Promise<boolean>;
  /** Takes the lease of a run from whoever holds it, and wakes another. */
  steal(run: string): Promise<void>;
  kill(pid: number): void;
  /** A run asks for votes for the first time. */
  asksForVote(run: string): void;
  /** A step of the run does what it should not, for the first time. */
  misbehaves(run: string): void;
  injected(fault: OutsideFault): void;
}

const LATE_MS = 150;
const RACE_WITHIN_MS = 60_000;

/** A counting outside on loopback, which can lose, delay and double what it answers. */
export class Outside {
  readonly targets = new Targets();
  /** What must never happen, found on the way. */
  readonly violations: string[] = [];
  readonly voted = new Set<string>();
  requests = 0;
  readonly #asked = new Set<string>();
  readonly #misbehaved = new Set<string>();
  readonly #races = new Map<string, () => void>();
  readonly #late: Promise<void>[] = [];
  #faults: OutsideFault[] = [];
  readonly #server: Server;

  constructor(private readonly hooks: OutsideHooks) {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** @param faults what befalls the requests, in the order of those that are alike */
  async listen(faults: readonly OutsideFault[]): Promise<string> {
    this.#faults = [...faults];
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when nothing is on its way any more. */
  async close(): Promise<void> {
    await Promise.all(this.#late);
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const ask = JSON.parse(Buffer.concat(parts).toString('utf8')) as Ask;
    const [, op = '', kind = ''] = (request.url ?? '').split('/');
    this.requests += 1;
    const answer = await this.#answer(op, kind as EffectKind, ask, Number(request.headers['x-worker']));
    if (answer === undefined) {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body ?? null));
  }

  async #answer(op: string, kind: EffectKind, ask: Ask, worker: number): Promise<Answer | undefined> {
    switch (op) {
      case 'do':
        return this.#do(kind, ask, worker);
      case 'ask':
        return this.#ask(kind, ask);
      case 'comments':
        return { status: 200, body: this.targets.comments(ask.key) };
      case 'uncomment':
        this.targets.removeComment(ask.key, ask.id ?? 0);
        return { status: 200 };
      case 'misbehaves': {
        const isFirst = !this.#misbehaved.has(ask.key);
        this.#misbehaved.add(ask.key);
        if (isFirst) this.hooks.misbehaves(ask.run);
        return { status: 200, body: isFirst };
      }
      case 'voted':
        if (!this.#asked.has(ask.run)) {
          this.#asked.add(ask.run);
          this.hooks.asksForVote(ask.run);
        }
        return { status: 200, body: this.voted.has(ask.run) };
      default:
        return { status: 404 };
    }
  }

  async #do(kind: EffectKind, ask: Ask, worker: number): Promise<Answer | undefined> {
    if (isOnce(kind) && (await this.hooks.isIntended(ask.run, kind, ask.key)) === false) {
      this.violations.push(`${kind} of ${ask.key} was asked for before its intent was durable`);
    }
    if (!(await this.hooks.mayAct(ask.run, worker))) {
      this.violations.push(`${kind} of ${ask.key} was asked for by a worker that was away and had lost the run`);
    }
    const racing = this.#races.get(`${kind} ${ask.key}`);
    if (racing) racing();
    const fault = racing ? undefined : this.#meet('do', kind, ask);
    if (fault === 'race') await this.#race(kind, ask);
    if (fault === 'kill-before') this.hooks.kill(worker);
    if (fault === 'fail') return { status: 503 };
    if (fault === 'late') {
      this.#late.push(delay(LATE_MS).then(() => void this.#take(kind, ask)));
      return { status: 504 };
    }
    if (fault === 'kill-before') return undefined;
    const answer = this.#take(kind, ask);
    if (fault === 'kill-after') this.hooks.kill(worker);
    if (fault === 'delay') await delay(LATE_MS);
    return fault === 'lose' || fault === 'kill-after' ? undefined : answer;
  }

  #take(kind: EffectKind, ask: Ask): Answer {
    try {
      return { status: 200, body: this.targets.do(kind, ask) };
    } catch (error) {
      if (error instanceof Refused) return { status: 422 };
      throw error;
    }
  }

  #ask(kind: EffectKind, ask: Ask): Answer | undefined {
    if (!isOnce(kind)) return { status: 404 };
    const fault = this.#meet('ask', kind, ask);
    if (fault === 'fail') return { status: 503 };
    if (fault === 'lose') return undefined;
    if (fault === 'stale') return { status: 200, body: { found: 'absent' } };
    if (fault === 'double') return { status: 200, body: { found: 'double', message: 'two of them' } };
    const result = this.targets.found(kind, ask.key);
    return { status: 200, body: result === undefined ? { found: 'absent' } : { found: 'present', result } };
  }

  /** The first waits for the second; then both go on. */
  async #race(kind: EffectKind, ask: Ask): Promise<void> {
    const name = `${kind} ${ask.key}`;
    const second = new Promise<true>((resolve) => this.#races.set(name, () => resolve(true)));
    await this.hooks.steal(ask.run);
    const hasCome = await Promise.race([second, delay(RACE_WITHIN_MS, false, { ref: false })]);
    if (!hasCome) this.violations.push(`no second worker came to ${name}: nothing raced`);
    this.#races.delete(name);
  }

  #meet(op: OutsideFault['op'], kind: EffectKind, { run, key }: Ask): OutsideFault['fault'] | undefined {
    const met = this.#faults.find(
      (fault) =>
        fault.op === op &&
        fault.kind === kind &&
        fault.run === run &&
        (fault.round === undefined || key === keyOf({ id: run, round: fault.round })),
    );
    if (!met) return undefined;
    this.#faults = this.#faults.filter((fault) => fault !== met);
    this.hooks.injected(met);
    return met.fault;
  }
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}
