import { type FaultPoints, type Log, newId, noFaults } from '@planwarden/contracts';
import { createWorker, listenToBell, RunEngine, releaseLeases } from '@planwarden/runs';
import { changePipeline } from './change/change.pipeline.js';
import type { Parts } from './compose.js';
import type { ConfigSource } from './config.source.js';
import { reviewPipeline } from './review/review.pipeline.js';

export interface RunWorkerOptions {
  readonly log: Log;
  readonly faults?: FaultPoints;
  /** How long a stop waits for the runs in hand to park or end. */
  readonly graceMs: number;
}

/**
 * Advances runs in this process, those that it begins itself from their first entry on. Any number of processes may do
 * so on one database.
 * @returns how it stops: takes nothing new, waits for the runs in hand, and leaves no lease behind
 */
export async function startRunWorker(parts: Parts, options: RunWorkerOptions): Promise<{ close(): Promise<void> }> {
  const { pool, services, bell, bellBackend, config } = parts;
  const { log, faults = noFaults, graceMs } = options;
  const owner = `worker-${process.pid}-${newId('evt').slice(-6)}`;
  const engine = new RunEngine({
    pool,
    pipelines: [changePipeline(services), reviewPipeline(services)],
    worker: owner,
    log,
    faults,
  });
  const worker = await createWorker({
    engine,
    store: services.runs,
    bell,
    listen: (onRing, concurrency) => listenToBell(bellBackend, onRing, concurrency, log),
    log,
    isPaused: () => isReadOnly(config),
  });
  services.runs.offerStartsTo(worker);
  return {
    close: async () => {
      if (await worker.close(graceMs)) return;
      log.warn({ owner, graceMs }, 'a step is still under way; its run is given back and another worker goes on');
      await releaseLeases(pool, owner);
    },
  };
}

/** A file that cannot be read stops the gate by itself, step by step and with its own error. */
function isReadOnly(config: ConfigSource): boolean {
  try {
    return config.current().readOnly;
  } catch {
    return false;
  }
}
