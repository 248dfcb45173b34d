// A worker process of one release: told where its database is, it works until it is told to close.
import { silentLog } from '@planwarden/contracts';
import { createPool } from '@planwarden/database';
import { type Bell, createWorker, RunEngine, RunStore } from '@planwarden/runs';
import { pipelinesOf, type Release } from './releases.js';

export type ToRelease =
  | { readonly kind: 'begin'; readonly connectionString: string; readonly release: Release; readonly name: string }
  | { readonly kind: 'close' };

const heard = (kind: ToRelease['kind']): Promise<ToRelease> =>
  new Promise((resolve) => {
    const listener = (message: ToRelease): void => {
      if (message.kind !== kind) return;
      process.off('message', listener);
      resolve(message);
    };
    process.on('message', listener);
  });
// Nobody is left to carry runs for.
process.on('disconnect', () => process.exit(1));

/** Nobody hears it: the sweep finds what is due. */
const bell: Bell = { ring: async () => false, check: async () => undefined, close: async () => undefined };

async function work(begin: ToRelease): Promise<void> {
  if (begin.kind !== 'begin') return;
  const pool = createPool({ connectionString: begin.connectionString, max: 5 });
  const engine = new RunEngine({ pool, pipelines: pipelinesOf(begin.release, pool), worker: begin.name });
  const listen = async () => ({ close: async () => undefined });
  const closing = heard('close');
  const parts = { engine, store: new RunStore(pool), bell, listen, log: silentLog };
  const worker = await createWorker({ ...parts, concurrency: 8, sweepMs: 50 });
  process.send?.('ready');
  await closing;
  await worker.close();
  await pool.end();
  process.removeAllListeners('disconnect');
  process.disconnect?.();
}

const begins = heard('begin');
process.send?.('loaded');
await work(await begins);
