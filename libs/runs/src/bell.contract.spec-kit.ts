import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLog } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import {
  type Bell,
  type BellBackend,
  createWorker,
  done,
  listenToBell,
  migrateRuns,
  openBell,
  type Pipeline,
  RunEngine,
  RunStore,
  type RunWorker,
  releaseLeases,
} from './index.js';

/** What a suite that goes on after the contract works with. */
export interface BellKit {
  readonly db: () => TestDatabase;
  /** A run of three steps; `beginRun` rings no bell. */
  beginRun(): Promise<string>;
  /** One more process of the installation: it needs no setting that tells it from the others. */
  startProcess(options?: {
    readonly sweepMs?: number;
    readonly hold?: (run: string) => Promise<void>;
  }): Promise<Process>;
  hasEnded(run: string): Promise<boolean>;
  /** How often each step of a run was executed, over all processes. */
  executed(run: string): Readonly<Record<string, number>>;
}
export interface Process {
  readonly name: string;
  readonly bell: Bell;
  readonly worker: RunWorker;
}

/** Waits for a condition; the test's own time limit ends it. */
export async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** No sweep within a test: what is heard was heard by the bell. */
export const NEVER_MS = 3_600_000;
const LIMIT_MS = 300_000;

/**
 * What a bell must do on every backend, with several processes on one Postgres.
 * @param backendOf gives the backend for a database, once
 */
export function bellContract(name: string, backendOf: (db: TestDatabase) => Promise<BellBackend>): BellKit {
  let db: TestDatabase;
  let store: RunStore;
  let backend: BellBackend;
  const started: Process[] = [];
  const counts = new Map<string, Record<string, number>>();
  let runs = 0;

  beforeAll(async () => {
    db = await startTestDatabase();
    await migrateRuns(db.pool);
    store = new RunStore(db.pool);
    backend = await backendOf(db);
  }, 120_000);
  afterEach(async () => {
    for (const { worker, bell } of started.splice(0)) {
      await worker.close();
      await bell.close();
    }
  }, LIMIT_MS);
  afterAll(async () => {
    await db?.close();
  });

  const pipeline = (hold: (run: string) => Promise<void>): Pipeline => {
    const step = (stepName: string, state: 'validating' | 'verifying') => ({
      name: stepName,
      state,
      effects: [],
      execute: async ({ run }: { readonly run: { readonly id: string } }) => {
        const known = counts.get(run.id) ?? {};
        counts.set(run.id, { ...known, [stepName]: (known[stepName] ?? 0) + 1 });
        if (stepName === 'validate') await hold(run.id);
        return done('ok');
      },
    });
    const steps = [
      step('validate', 'validating'),
      { ...step('plan', 'validating'), state: 'planning' as const },
      { ...step('check-plan', 'validating'), state: 'policy_checking' as const },
      { ...step('confirm', 'validating'), state: 'awaiting_approval' as const, doneState: 'confirmed' as const },
      { ...step('apply', 'validating'), state: 'applying' as const },
      { ...step('merge', 'validating'), state: 'merging' as const },
      step('verify', 'verifying'),
    ];
    return { version: 'bell/1', steps, roundStartsAt: 'validate', maxRounds: 3 };
  };

  const kit: BellKit = {
    db: () => db,
    beginRun: async () => {
      runs += 1;
      const run = {
        title: 'Run nginx',
        target: `${name}-${runs}`,
        environment: 'staging',
        persona: 'devops' as const,
        requester: { principal: 'agent:assistant', onBehalfOf: 'owner' },
        request: {},
      };
      return (await store.start(run, 'bell/1', { openRuns: 10 })).id;
    },
    startProcess: async ({ sweepMs = NEVER_MS, hold = async () => undefined } = {}) => {
      const owner = `process-${started.length}-${Math.random()}`;
      const bell = await openBell(backend, silentLog);
      const engine = new RunEngine({ pool: db.pool, pipelines: [pipeline(hold)], worker: owner });
      const worker = await createWorker({
        engine,
        store,
        bell,
        listen: (onRing, concurrency) => listenToBell(backend, onRing, concurrency, silentLog),
        log: silentLog,
        sweepMs,
      });
      const process = { name: owner, bell, worker };
      started.push(process);
      return process;
    },
    hasEnded: async (run) => (await store.get(run)).ended,
    executed: (run) => counts.get(run) ?? {},
  };
  const once = (run: string): boolean => Object.values(kit.executed(run)).every((times) => times === 1);

  describe(`bell: ${name}`, () => {
    test(
      'a ring carries its run to the end, whichever process hears it, each step once',
      async () => {
        const processes = [await kit.startProcess(), await kit.startProcess(), await kit.startProcess()];
        const begun = await Promise.all(Array.from({ length: 24 }, () => kit.beginRun()));
        for (const [index, run] of begun.entries()) {
          expect(await processes[index % 3]?.bell.ring(run)).toBe(true);
          // Doubled: the second finds nothing to do.
          expect(await processes[(index + 1) % 3]?.bell.ring(run)).toBe(true);
        }
        await until(async () => (await Promise.all(begun.map(kit.hasEnded))).every(Boolean));
        expect(begun.filter((run) => !once(run))).toEqual([]);
      },
      LIMIT_MS,
    );

    test(
      'a ring for later does not sound now, and sounds when it is time',
      async () => {
        const heard: string[] = [];
        const listener = await listenToBell(backend, async (run) => void heard.push(run), 1, silentLog);
        const bell = await openBell(backend, silentLog);
        await bell.ring('in an hour', NEVER_MS);
        await bell.ring('soon', 200);
        await bell.ring('now');
        await until(() => heard.includes('now') && heard.includes('soon'));
        expect(heard).not.toContain('in an hour');
        await listener.close();
        await bell.close();
      },
      LIMIT_MS,
    );

    test(
      'runs whose bell never rang are found by the sweep of any process',
      async () => {
        const begun = await Promise.all(Array.from({ length: 6 }, () => kit.beginRun()));
        await kit.startProcess({ sweepMs: 50 });
        await until(async () => (await Promise.all(begun.map(kit.hasEnded))).every(Boolean));
        expect(begun.filter((run) => !once(run))).toEqual([]);
      },
      LIMIT_MS,
    );

    test(
      'a process that stops lets its step end, takes nothing new and leaves no lease',
      async () => {
        let letGo = (): void => undefined;
        const hold = new Promise<void>((resolve) => {
          letGo = resolve;
        });
        const stopping = await kit.startProcess({ hold: () => hold });
        const inHand = await kit.beginRun();
        await stopping.bell.ring(inHand);
        await until(() => kit.executed(inHand).validate === 1);
        const closed = stopping.worker.close();
        const late = await kit.beginRun();
        await stopping.bell.ring(late);
        letGo();
        expect(await closed).toBe(true);
        expect([await kit.hasEnded(inHand), once(inHand), kit.executed(late)]).toEqual([true, true, {}]);
        const held = await db.pool.query('SELECT id FROM runs WHERE lease_owner IS NOT NULL AND NOT ended');
        expect(held.rows).toEqual([]);
        // The next process finds the one that nobody heard.
        await kit.startProcess({ sweepMs: 50 });
        await until(() => kit.hasEnded(late));
      },
      LIMIT_MS,
    );

    test(
      'a step that does not end in time is given back, and another process goes on at once',
      async () => {
        let letGo = (): void => undefined;
        const hold = new Promise<void>((resolve) => {
          letGo = resolve;
        });
        const stuck = await kit.startProcess({ hold: () => hold });
        const run = await kit.beginRun();
        await stuck.bell.ring(run);
        await until(() => kit.executed(run).validate === 1);
        expect(await stuck.worker.close(50)).toBe(false);
        await releaseLeases(db.pool, stuck.name);
        await kit.startProcess({ sweepMs: 50 });
        await until(() => kit.hasEnded(run));
        // The old process wakes up at last: its lease is gone, so what it says is refused.
        letGo();
        await stuck.worker.close();
        expect(kit.executed(run)).toMatchObject({ validate: 2, plan: 1, verify: 1 });
      },
      LIMIT_MS,
    );
  });
  return kit;
}
