// Our engine: a run is asked for, carried through ten steps and ended.
import { createPool } from '../../libs/database/dist/index.js';
import { done, migrateRuns, RunEngine, RunStore } from '../../libs/runs/dist/index.js';

const STATES = [
  'validating',
  'validating',
  'validating',
  'planning',
  'policy_checking',
  'awaiting_approval',
  'confirmed',
  'applying',
  'merging',
  'verifying',
];

export const pipeline = {
  version: 'bench/1',
  steps: STATES.map((state, index) => ({
    name: `step-${index + 1}`,
    state,
    effects: [],
    execute: async () => done('done', { step: index + 1 }),
  })),
  roundStartsAt: 'step-1',
  maxRounds: 1,
};

export async function planwarden({ connectionString }) {
  const pool = createPool({ connectionString, max: 20 });
  await migrateRuns(pool);
  const engine = new RunEngine({ pool, pipelines: [pipeline], worker: 'bench' });
  let asked = 0;
  const ask = async (store) => {
    asked += 1;
    return (await store.start(newRun(asked), pipeline.version, { openRuns: 1000 })).id;
  };
  const ended = async (advance) => {
    const { kind } = await advance;
    if (kind !== 'ended') throw new Error(`the run did not end: ${kind}`);
  };
  // As in a process that is a worker too: it takes the runs that it begins.
  const carried = new Map();
  const taking = new RunStore(pool);
  taking.offerStartsTo({
    room: (version) => ({
      ...engine.firstLease(version),
      take: (claimed) => void carried.set(claimed.run.id, ended(engine.carry(claimed))),
      leave: () => undefined,
    }),
  });
  const free = new RunStore(pool);
  return {
    runs: 640,
    one: async () => {
      const id = await ask(taking);
      await carried.get(id);
      carried.delete(id);
    },
    /** Runs that were asked for before the clock starts, and are claimed: what the steps alone take. */
    asked: async (count) => {
      const ids = [];
      while (ids.length < count) ids.push(...(await Promise.all(Array.from({ length: 20 }, () => ask(free)))));
      return { one: () => ended(engine.advance(ids.pop())) };
    },
    close: () => pool.end(),
  };
}

export const newRun = (number) => ({
  title: 'Bench',
  target: `target-${number % 64}`,
  environment: 'bench',
  persona: 'devops',
  requester: { principal: `agent:bench-${number % 64}`, onBehalfOf: null },
  request: { number },
});
