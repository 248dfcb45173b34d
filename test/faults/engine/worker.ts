// A worker process of the fault suite: the engine as it is, with faults at its named points.
import './clock.js';
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type FaultPoints, type Log, silentLog } from '@planwarden/contracts';
import { createPool } from '@planwarden/database';
import {
  type Bell,
  type BellListener,
  createWorker,
  listenToBell,
  openBell,
  RunEngine,
  RunStore,
  releaseLeases,
} from '@planwarden/runs';
import type pg from 'pg';
import type { FromWorker, Said, ToWorker, WorkerFault } from './messages.js';
import { OutsideClient } from './outside-client.js';
import { fixturePipeline, VERSION } from './pipeline.js';

type Begin = Extract<ToWorker, { kind: 'begin' }>;
type BeginRun = Extract<ToWorker, { kind: 'begin-run' }>;

const SLOW_MS = 150;
const FULL_MS = 1000;
const listeners = new Set<(message: ToWorker) => void>();
process.on('message', (message: ToWorker) => {
  for (const listener of listeners) listener(message);
});
// Nobody is left to carry runs for.
process.on('disconnect', () => process.exit(1));

const say = (said: Said): void => void writeSync(1, `${JSON.stringify(said)}\n`);
const told = <T extends ToWorker>(is: (message: ToWorker) => message is T): Promise<T> =>
  new Promise((resolve) => {
    const listener = (message: ToWorker): void => {
      if (!is(message)) return;
      listeners.delete(listener);
      resolve(message);
    };
    listeners.add(listener);
  });

function faultPoints(planned: readonly WorkerFault[]): FaultPoints {
  let left = [...planned];
  const met = new Map<number, number>();
  listeners.add((message) => {
    if (message.kind === 'used') left = left.filter(({ id }) => id !== message.id);
  });
  const isAt = (fault: WorkerFault, point: string, detail: { run?: string; step?: string; effect?: string }): boolean =>
    fault.point === point &&
    (fault.run === undefined || fault.run === detail.run) &&
    (fault.step === undefined || fault.step === detail.step) &&
    (fault.effect === undefined || fault.effect === detail.effect);
  return {
    at: async (point, detail = {}) => {
      for (const fault of left.filter((one) => isAt(one, point, detail))) {
        const times = (met.get(fault.id) ?? 0) + 1;
        met.set(fault.id, times);
        if (times !== fault.nth) continue;
        left = left.filter((one) => one !== fault);
        await meet(fault);
      }
    },
  };
}

async function meet({ id, act }: WorkerFault): Promise<void> {
  const isOver =
    act === 'tell' || act === 'pause'
      ? told((message): message is ToWorker => message.kind === 'go' && message.id === id)
      : undefined;
  say({ met: id, isDeath: act === 'kill' });
  if (act === 'kill') process.kill(process.pid, 'SIGKILL');
  if (act === 'slow') await delay(SLOW_MS);
  if (act === 'refuse') fullUntil = performance.now() + FULL_MS;
  await isOver;
}

let fullUntil = 0;

/** The journal's port, where a full disk is told as PostgreSQL tells it. */
function withFullDisk(pool: pg.Pool): pg.Pool {
  const query = pool.query.bind(pool) as (statement: unknown, values?: unknown) => Promise<unknown>;
  const refusing = async (statement: { readonly name?: string } | string, values?: unknown): Promise<unknown> => {
    const isJournal = typeof statement === 'object' && statement.name?.startsWith('runs-append') === true;
    if (isJournal && performance.now() < fullUntil) {
      throw Object.assign(new Error('could not extend file: No space left on device'), { code: '53100' });
    }
    return query(statement, values);
  };
  return Object.assign(pool, { query: refusing });
}

const ring = (run: string, inMs = 0): Promise<boolean> => {
  const message: FromWorker = { kind: 'ring', run, inMs };
  process.send?.(message);
  return Promise.resolve(true);
};
const channelBell: Bell = { ring, check: async () => undefined, close: async () => undefined };
type Listen = (onRing: (run: string) => Promise<void>, concurrency: number) => Promise<BellListener>;
/** As a queue hears: so many at a time, the others wait their turn. */
const onChannel: Listen = async (onRing, concurrency) => {
  const waiting = new Set<string>();
  let inHand = 0;
  const next = (): void => {
    const [run] = waiting;
    if (run === undefined || inHand >= concurrency) return;
    waiting.delete(run);
    inHand += 1;
    void onRing(run).finally(() => {
      inHand -= 1;
      next();
    });
  };
  listeners.add((message) => {
    if (message.kind !== 'ring') return;
    waiting.add(message.run);
    next();
  });
  return { close: async () => undefined };
};

async function beginRun(store: RunStore, { number, asked }: BeginRun): Promise<void> {
  try {
    const { run, isTaken } = await store.begin(asked, VERSION, { openRuns: 10 });
    say({ number, began: run.id, isTaken });
  } catch {
    say({ number, began: null, isTaken: false });
  }
}

async function work(begin: Begin): Promise<void> {
  const { connectionString, name, leaseMs, stepDeadlineMs, bell: backend } = begin;
  const log: Log = {
    ...silentLog,
    error: (fields, message) => say({ warn: `${message} ${'err' in fields ? String(fields.err) : ''}` }),
  };
  const pool = withFullDisk(createPool({ connectionString, max: 8 }));
  const store = new RunStore(pool);
  const pipelines = [fixturePipeline(new OutsideClient(begin.outside))];
  const times = { leaseMs, stepDeadlineMs, stepGraceMs: 200, backOffMs: 20, maxBackOffMs: 200, maxAttempts: 40 };
  const engine = new RunEngine({ pool, pipelines, worker: name, log, faults: faultPoints(begin.faults), ...times });
  const closing = told((message): message is ToWorker => message.kind === 'close');
  const bell = backend === null ? channelBell : await openBell(backend, log);
  const listen: Listen =
    backend === null ? onChannel : (onRing, concurrency) => listenToBell(backend, onRing, concurrency, log);
  // One release: nobody returns.
  const parts = { engine: Object.assign(engine, { wakeReturned: async () => undefined }), store };
  const worker = await createWorker({ ...parts, bell, listen, log, concurrency: 16, sweepMs: 150 });
  store.offerStartsTo(worker);
  listeners.add((message) => {
    if (message.kind === 'begin-run') void beginRun(store, message);
  });
  say({ is: 'ready' });
  await closing;
  await worker.close(20_000);
  await releaseLeases(pool, name);
  await bell.close();
  await pool.end();
  process.removeAllListeners('disconnect');
  process.disconnect?.();
}

const begins = told((message): message is Begin => message.kind === 'begin');
say({ is: 'loaded' });
await work(await begins);
