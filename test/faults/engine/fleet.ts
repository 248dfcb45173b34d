import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bell } from '@planwarden/runs';
import type { Begin, FromWorker, Said, ToWorker, WorkerFault } from './messages.js';
import type { Random } from './random.js';

/** A place taken out of the sources of a worker: see test/attacks/load. */
export interface Cut {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** How the bell rings: shares of 1. What is neither rings once and at once. */
export interface BellHabit {
  readonly dropped: number;
  readonly doubled: number;
  readonly late: number;
}

export interface FleetOptions {
  readonly size: number;
  readonly cuts: readonly Cut[];
  readonly random: Random;
  readonly bells: BellHabit;
  /** Milliseconds by which the clocks of workers are off, one after the other. */
  readonly clocks: readonly number[];
  /** A bell of the product; undefined: that of the suite. */
  readonly bell: Pick<Bell, 'ring'> | undefined;
  /** What a worker begins with; faults that are used up are left out. */
  begin(name: string): Extract<ToWorker, { kind: 'begin' }>;
  /** A worker has met a fault. Resolves when what it asks for has happened. */
  met(fault: number, worker: number): Promise<void>;
  injected(fault: string): void;
}

interface Member {
  readonly child: ChildProcess;
  readonly gone: Promise<number | null>;
  isReady: boolean;
  /** As leases tell it. */
  name: string;
  /** By us: a fault may reach it while it is asked to end. */
  isKilled: boolean;
  /** While it is stopped, or about to be. */
  pause: Pause | undefined;
}

export interface Pause {
  /** It stands still. */
  readonly begun: Promise<void>;
  /** It goes on as soon as it was told so. */
  readonly over: Promise<void>;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const CLOSE_WITHIN_MS = 60_000;
const TOLD_MS = 100;

function kill(member: Member): void {
  member.isKilled = true;
  member.child.kill('SIGKILL');
}

/** Workers as processes of their own, which are replaced when they die, and the bell between them. */
export class Fleet {
  readonly warnings: string[] = [];
  readonly #members = new Set<Member>();
  readonly #work: Promise<void>[] = [];
  readonly #beginnings = new Map<number, (id: string | undefined) => void>();
  #asked = 0;
  #names = 0;
  #spawned = 0;
  #stopped = 0;
  #isClosing = false;

  constructor(private readonly options: FleetOptions) {}

  start(): void {
    while (this.#members.size < this.options.size) this.#spawn();
  }

  /** Rings for a run, as the bell's habit is today. */
  ring(run: string, inMs = 0): void {
    const { dropped, doubled, late } = this.options.bells;
    const lot = this.options.random.next();
    if (lot < dropped) {
      this.options.injected('bell dropped');
      return;
    }
    if (lot < dropped + doubled) {
      this.options.injected('bell doubled');
      this.#deliver(run, inMs);
    }
    const isLate = lot >= dropped + doubled && lot < dropped + doubled + late;
    if (isLate) this.options.injected('bell late');
    this.#deliver(run, isLate ? inMs + 400 : inMs);
  }

  /** Rings at every worker. */
  ringAll(run: string): void {
    if (this.options.bell) void this.options.bell.ring(run);
    for (const member of this.#members) send(member, { kind: 'ring', run });
  }

  use(fault: WorkerFault): void {
    for (const member of this.#members) send(member, { kind: 'used', id: fault.id });
  }

  kill(pid: number): void {
    for (const member of this.#members) if (member.child.pid === pid) kill(member);
  }

  /** @returns whether there was one */
  killOne(): boolean {
    const ready = [...this.#members].filter(({ isReady }) => isReady);
    if (ready.length > 0) kill(this.options.random.pick(ready));
    return ready.length > 0;
  }

  /** Stops a worker for a while, and everything it has in hand with it; one at least goes on working. */
  pause(pid: number, forMs: number): Pause | undefined {
    const member = this.#byPid(pid);
    if (member) member.pause ??= this.#pause(member, forMs);
    return member?.pause;
  }

  /** Lets one of the workers begin a run. @returns its id; undefined where nobody answered */
  async begin(asked: Begin['asked']): Promise<string | undefined> {
    const ready = [...this.#members].filter(({ isReady }) => isReady);
    if (ready.length === 0) return undefined;
    const member = this.options.random.pick(ready);
    this.#asked += 1;
    const number = this.#asked;
    const answer = new Promise<string | undefined>((resolve) => this.#beginnings.set(number, resolve));
    send(member, { kind: 'begin-run', number, asked });
    const id = await Promise.race([answer, member.gone.then(() => undefined)]);
    this.#beginnings.delete(number);
    return id;
  }

  /** Under which name a worker holds leases. */
  nameOf(pid: number): string | undefined {
    return this.#byPid(pid)?.name;
  }

  /** Asks all to end. @returns what did not end as it should */
  async close(): Promise<string[]> {
    this.#isClosing = true;
    await Promise.all(this.#work);
    const wrong: string[] = [];
    await Promise.all(
      [...this.#members].map(async (member) => {
        if (member.isReady) send(member, { kind: 'close' });
        else member.child.kill('SIGKILL');
        const isReady = member.isReady;
        const code = await Promise.race([member.gone, delay(CLOSE_WITHIN_MS, 'late' as const, { ref: false })]);
        if (code === 'late') wrong.push('a worker did not end when it was asked to');
        else if (isReady && code !== 0 && !member.isKilled) wrong.push(`a worker ended with ${code}`);
        member.child.kill('SIGKILL');
      }),
    );
    return wrong;
  }

  /** Ends everything at once, whatever it does. */
  abandon(): void {
    this.#isClosing = true;
    for (const { child } of this.#members) child.kill('SIGKILL');
  }

  #byPid(pid: number): Member | undefined {
    return [...this.#members].find(({ child }) => child.pid === pid);
  }

  #deliver(run: string, inMs: number): void {
    const { random, bell } = this.options;
    if (bell) {
      void bell.ring(run, inMs);
      return;
    }
    setTimeout(() => {
      const ready = [...this.#members].filter(({ isReady }) => isReady);
      if (ready.length > 0) send(random.pick(ready), { kind: 'ring', run });
    }, inMs).unref();
  }

  #spawn(): void {
    const register = here('../../attacks/load/register.mjs');
    const flags = ['--conditions=source', '--no-warnings', '--import', register];
    const { clocks, cuts, injected } = this.options;
    const clock = clocks[this.#spawned % clocks.length] ?? 0;
    this.#spawned += 1;
    if (clock !== 0) injected(`clock of a worker ${clock} ms off`);
    const args = [...flags, here('worker.ts'), `--cuts=${JSON.stringify(cuts)}`, `--clock=${clock}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: {} });
    const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    const member: Member = { child, gone, isReady: false, name: '', isKilled: false, pause: undefined };
    this.#members.add(member);
    child.on('message', (message: FromWorker) => this.ring(message.run, message.inMs));
    child.on('error', () => undefined); // a channel that broke with its process
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.warnings.push(text.slice(0, 400)));
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => this.#hear(member, JSON.parse(line) as Said));
    void gone.then(() => {
      this.#members.delete(member);
      if (!this.#isClosing) this.#spawn();
    });
  }

  #hear(member: Member, said: Said): void {
    if ('warn' in said) this.warnings.push(said.warn.slice(0, 400));
    else if ('began' in said) {
      if (said.began !== null) this.options.injected(said.isTaken ? 'run begun under a lease' : 'run begun free');
      this.#beginnings.get(said.number)?.(said.began ?? undefined);
    } else if ('met' in said) {
      member.isKilled ||= said.isDeath;
      this.#work.push(this.#met(member, said.met));
    } else if (said.is === 'ready') member.isReady = true;
    else {
      this.#names += 1;
      member.name = `worker-${this.#names}`;
      send(member, this.options.begin(member.name));
    }
  }

  async #met(member: Member, id: number): Promise<void> {
    await this.options.met(id, member.child.pid ?? 0);
    send(member, { kind: 'go', id });
  }

  #pause(member: Member, forMs: number): Pause {
    const begun = this.#stop(member);
    const over = begun.then(async () => {
      await delay(forMs);
      member.pause = undefined;
      // It finds what it was told before it learns from the database that its lease is another's.
      setTimeout(() => {
        this.#stopped -= 1;
        member.child.kill('SIGCONT');
      }, TOLD_MS);
    });
    return { begun, over };
  }

  async #stop({ child }: Member): Promise<void> {
    while (this.#stopped >= this.options.size - 1) await delay(20);
    this.#stopped += 1;
    child.kill('SIGSTOP');
  }
}

function send({ child }: Member, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}
