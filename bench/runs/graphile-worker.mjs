// graphile-worker has jobs and no steps: the nearest is a chain of ten jobs, each of which adds the next.
import { Logger, run } from 'graphile-worker';
import pg from 'pg';

export async function graphileWorker({ connectionString, steps }) {
  const waiting = new Map();
  const task = async ({ id, step }, { addJob }) => {
    if (step < steps) {
      await addJob('step', { id, step: step + 1 });
      return;
    }
    waiting.get(id)?.();
    waiting.delete(id);
  };
  const pgPool = new pg.Pool({ connectionString, max: 20 });
  // A connection that ends with the server says nothing about the figures.
  pgPool.on('error', () => undefined);
  const runner = await run({
    pgPool,
    concurrency: 64,
    noHandleSignals: true,
    taskList: { step: task },
    logger: new Logger(() => () => undefined),
  });
  let id = 0;
  return {
    runs: 96,
    one: () =>
      new Promise((resolve, reject) => {
        id += 1;
        waiting.set(id, resolve);
        runner.addJob('step', { id, step: 1 }).catch(reject);
      }),
    close: async () => {
      await runner.stop();
      await pgPool.end();
    },
  };
}
