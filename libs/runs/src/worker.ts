import { isPlanwardenError, type Log } from '@planwarden/contracts';
import { type Bell, listenOnPostgres } from './bell.js';
import type { RunStore } from './run.repository.js';
import type { RunEngine } from './run-engine.js';

export interface WorkerOptions {
  readonly engine: RunEngine;
  readonly store: RunStore;
  readonly bell: Bell;
  readonly connectionString: string;
  readonly log: Log;
  /** While true no run is advanced; runs that are due are found when it is over. */
  readonly isPaused?: () => boolean;
  /** Runs advanced at a time. Default 4. */
  readonly concurrency?: number;
  /** Milliseconds between two looks for runs whose bell was lost. Default 2000. */
  readonly sweepMs?: number;
}

export interface RunWorker {
  /** Stops hearing, lets the work in hand end. */
  close(): Promise<void>;
}

/** Above this, the sweep is near enough; below, a delayed bell is asked for. */
const SHORT_WAIT_MS = 30_000;

/** Advances runs when the bell rings, and looks for those whose bell was lost. */
export async function createWorker(options: WorkerOptions): Promise<RunWorker> {
  const { engine, store, bell, log, isPaused = () => false, concurrency = 4, sweepMs = 2000 } = options;
  const advance = async (run: string): Promise<void> => {
    if (isPaused()) return;
    try {
      const result = await engine.advance(run);
      if (result.kind === 'parked' && result.wakeInMs !== undefined && result.wakeInMs <= SHORT_WAIT_MS) {
        await bell.ring(run, result.wakeInMs + 1);
      }
    } catch (error) {
      // The run stays due: the sweep finds it when its lease has run out.
      log.warn({ run, code: isPlanwardenError(error) ? error.code : 'INTERNAL', err: error }, 'advancing a run failed');
    }
  };
  const listener = await listenOnPostgres(options.connectionString, advance, concurrency, log);
  await engine.wakeReturned();
  let isSweeping = false;
  const sweep = async (): Promise<void> => {
    if (isSweeping || isPaused()) return;
    isSweeping = true;
    try {
      for (const run of await store.due(100)) await bell.ring(run);
    } catch (error) {
      log.warn({ err: error }, 'the sweep for due runs failed');
    } finally {
      isSweeping = false;
    }
  };
  const timer = setInterval(() => void sweep(), sweepMs);
  void sweep();
  return {
    close: async () => {
      clearInterval(timer);
      await listener.close();
    },
  };
}
