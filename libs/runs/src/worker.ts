import { isPlanwardenError, type Log } from '@planwarden/contracts';
import type { Bell, BellListener } from './bell.js';
import type { FirstHolder } from './first-lease.js';
import type { Claimed } from './lease.js';
import { Places } from './places.js';
import type { RunStore } from './run.repository.js';
import type { Advance, RunEngine } from './run-engine.js';

export interface WorkerOptions {
  readonly engine: Pick<RunEngine, 'advance' | 'carry' | 'firstLease' | 'wakeReturned'>;
  readonly store: Pick<RunStore, 'due'>;
  readonly bell: Bell;
  /** How this process hears the bell: `listenToBell` of the backend that `bell` rings on. */
  readonly listen: (onRing: (run: string) => Promise<void>, concurrency: number) => Promise<BellListener>;
  readonly log: Log;
  /** While true no run is advanced; runs that are due are found when it is over. */
  readonly isPaused?: () => boolean;
  /** Runs in hand at a time, however they came. Default 4. */
  readonly concurrency?: number;
  /** Milliseconds between two looks for runs whose bell was lost. Default 2000. */
  readonly sweepMs?: number;
}

/** A worker; given to `RunStore.offerStartsTo` it also takes runs that this process begins. */
export interface RunWorker extends FirstHolder {
  /**
   * Takes nothing new and waits for the runs in hand until they park or end.
   * @param graceMs longest wait; whoever gives up then gives the leases back (see `releaseLeases`)
   * @returns whether everything in hand came to its rest
   */
  close(graceMs?: number): Promise<boolean>;
}

/** Above this, the sweep is near enough; below, a delayed bell is asked for. */
const SHORT_WAIT_MS = 30_000;

/** Advances runs when the bell rings or as they begin, and looks for those whose bell was lost. */
export async function createWorker(options: WorkerOptions): Promise<RunWorker> {
  const { engine, store, bell, log, isPaused = () => false, concurrency = 4, sweepMs = 2000 } = options;
  const inHand = new Set<Promise<void>>();
  let isClosing = false;
  const places = new Places(concurrency);
  const travel = async (run: string, advance: () => Promise<Advance>): Promise<void> => {
    try {
      const result = await advance();
      if (result.kind === 'parked' && result.wakeInMs !== undefined && result.wakeInMs <= SHORT_WAIT_MS && !isClosing) {
        await bell.ring(run, result.wakeInMs + 1);
      }
    } catch (error) {
      // The run stays due: the sweep finds it when its lease has run out.
      log.warn({ run, code: isPlanwardenError(error) ? error.code : 'INTERNAL', err: error }, 'advancing a run failed');
    }
  };
  const isIdle = (): boolean => isClosing || isPaused();
  const held = (work: Promise<void>): Promise<void> => {
    const inPlace = work.finally(() => {
      inHand.delete(inPlace);
      places.leave();
    });
    inHand.add(inPlace);
    return inPlace;
  };
  const advance = async (run: string): Promise<void> => {
    if (isIdle() || !(await places.take())) return;
    await held(isIdle() ? Promise.resolve() : travel(run, () => engine.advance(run)));
  };
  const room: FirstHolder['room'] = (pipeline) => {
    const lease = isIdle() ? undefined : engine.firstLease(pipeline);
    if (lease === undefined || !places.takeNow()) return undefined;
    // In hand from here, so that whoever stops waits for it.
    let settle: (claimed?: Claimed) => void = () => undefined;
    const begun = new Promise<Claimed | undefined>((resolve) => {
      settle = resolve;
    });
    void held(begun.then((claimed) => claimed && travel(claimed.run.id, () => engine.carry(claimed))));
    return { ...lease, take: settle, leave: () => settle() };
  };
  const listener = await options.listen(advance, concurrency);
  const sweeper = createSweeper({
    engine,
    store,
    bell,
    advance,
    concurrency,
    isIdle,
    log,
  });
  const timer = setInterval(() => void sweeper(), sweepMs);
  void sweeper();
  return {
    room,
    close: async (graceMs = Number.POSITIVE_INFINITY) => {
      isClosing = true;
      places.close();
      clearInterval(timer);
      // It waits for rings in hand, so it has the same time as they.
      const hearing = listener.close().catch((err: unknown) => log.warn({ err }, 'the bell was not closed in order'));
      const atRest = Promise.all([hearing, ...inHand]).then(() => true);
      return Number.isFinite(graceMs) ? Promise.race([atRest, later(graceMs)]) : atRest;
    },
  };
}

/**
 * One look for due runs: their bell is rung again. Where the bell is out of order this process carries them itself, as
 * many at a time as it would hear: Postgres says what is next, not the bell. The next look does not wait for them.
 */
function createSweeper(parts: {
  readonly engine: Pick<RunEngine, 'wakeReturned'>;
  readonly store: Pick<RunStore, 'due'>;
  readonly bell: Bell;
  readonly advance: (run: string) => Promise<void>;
  readonly concurrency: number;
  readonly isIdle: () => boolean;
  readonly log: Log;
}): () => Promise<void> {
  const { engine, store, bell, advance, concurrency, isIdle, log } = parts;
  let isSweeping = false;
  let carried = 0;
  const carry = (run: string): void => {
    carried += 1;
    void advance(run).finally(() => {
      carried -= 1;
    });
  };
  return async () => {
    if (isSweeping || isIdle()) return;
    isSweeping = true;
    try {
      // While two releases work side by side the other one may park runs of a road that only this one has.
      await engine.wakeReturned();
      let isRinging = true;
      for (const run of await store.due(100)) {
        // One that does not ring says enough about those after it.
        isRinging = isRinging && (await bell.ring(run));
        if (!isRinging && carried < concurrency) carry(run);
      }
    } catch (error) {
      log.warn({ err: error }, 'the sweep for due runs failed');
    } finally {
      isSweeping = false;
    }
  };
}

const later = (ms: number): Promise<false> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref();
  });
