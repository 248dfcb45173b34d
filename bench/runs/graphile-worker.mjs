// graphile-worker has jobs and no steps: the nearest is a chain of ten jobs, each of which adds the next.
import { Logger, run } from 'graphile-worker';

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
  const runner = await run({
    connectionString,
    concurrency: 64,
    maxPoolSize: 20,
    noHandleSignals: true,
    taskList: { step: task },
    logger: new Logger(() => () => undefined),
  });
  let id = 0;
  return {
    runs: 150,
    one: () =>
      new Promise((resolve, reject) => {
        id += 1;
        waiting.set(id, resolve);
        runner.addJob('step', { id, step: 1 }).catch(reject);
      }),
    close: () => runner.stop(),
  };
}
