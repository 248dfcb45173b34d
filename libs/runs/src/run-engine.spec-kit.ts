import { afterAll, beforeAll } from '@jest/globals';
import type { FaultPoints } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { done, migrateRuns, type Pipeline, RunEngine, type RunRecord, RunStore, type Step } from './index.js';

export const asAny = { parse: (value: unknown) => value };
export const race = { key: 'the run', guard: 'unique', asks: 'whether it is there', leaves: 'one' };

/** A road of these steps, each by default one that is done at once. */
export function pipeline(...steps: Partial<Step>[]): Pipeline {
  const all = steps.map(
    (step, index): Step => ({
      name: `step-${index + 1}`,
      state: 'validating',
      effects: [],
      execute: async () => done('ok'),
      ...step,
    }),
  );
  return { version: 'test/1', steps: all, roundStartsAt: all[0]?.name ?? '', maxRounds: 3 };
}

export const verifying: Partial<Step> = { name: 'verify', state: 'verifying' };
/** Straight through the states, so that the last step may end `applied`. */
export const straight: Partial<Step>[] = [
  { name: 'validate', state: 'validating' },
  { name: 'plan', state: 'planning' },
  { name: 'check-plan', state: 'policy_checking' },
  { name: 'confirm', state: 'awaiting_approval', doneState: 'confirmed' },
  { name: 'apply', state: 'applying', failsAs: 'apply_failed' },
  { name: 'merge', state: 'merging', reentersAt: 'confirm', failsAs: 'apply_failed' },
  verifying,
];
export const withStep = (name: string, change: Partial<Step>): Pipeline =>
  pipeline(...straight.map((step) => (step.name === name ? { ...step, ...change } : step)));

/** A database of runs for one spec file, and what its tests begin runs and engines with. */
export class RunsUnderTest {
  #db: TestDatabase | undefined;
  #store: RunStore | undefined;
  #targets = 0;

  constructor() {
    beforeAll(async () => {
      this.#db = await startTestDatabase();
      await migrateRuns(this.pool);
      await migrateRuns(this.pool);
    });
    afterAll(() => this.#db?.close());
  }

  get #started(): TestDatabase {
    if (this.#db === undefined) throw new Error('the database has not been started');
    return this.#db;
  }

  get pool(): TestDatabase['pool'] {
    return this.#started.pool;
  }

  get connectionString(): string {
    return this.#started.connectionString;
  }

  get store(): RunStore {
    this.#store ??= new RunStore(this.pool);
    return this.#store;
  }

  readonly begin = async (openRuns = 10): Promise<RunRecord> => {
    this.#targets += 1;
    return this.store.start(
      {
        title: 'Run nginx',
        target: `staging-${this.#targets}`,
        environment: 'staging',
        persona: 'devops',
        requester: { principal: 'agent:assistant', onBehalfOf: 'owner' },
        request: { template: 'web-application' },
      },
      'test/1',
      { openRuns },
    );
  };

  readonly engine = (made: Pipeline, faults?: FaultPoints, leaseMs = 30_000): RunEngine =>
    new RunEngine({
      pool: this.pool,
      pipelines: [made],
      worker: `w${Math.random()}`,
      leaseMs,
      backOffMs: 1,
      ...(faults ? { faults } : {}),
    });

  readonly kinds = async (id: string): Promise<string[]> => (await this.store.events(id)).map((event) => event.kind);
}
