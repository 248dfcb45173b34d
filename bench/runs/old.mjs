// A report, not a gate: a process that starts beside 100,000 parked runs, and a step beside a million runs that have ended.
import { createPool } from '../../libs/database/dist/index.js';
import { migrateRuns, RunEngine, RunStore } from '../../libs/runs/dist/index.js';
import { percentile } from '../installation.mjs';
import { newRun, pipeline } from './planwarden.mjs';

const PARKED = 100_000;
const OLD = 1_000_000;

export async function oldRuns(connectionString, say) {
  const pool = createPool({ connectionString, max: 8 });
  await migrateRuns(pool);
  const before = await alone(pool);
  say(`empty: a run of ten steps p50 ${before.toFixed(1)} ms`);
  await fill(pool, 'parked', PARKED, `'awaiting_approval', false, now() + interval '1 hour', 'approval'`);
  const started = await startUp(pool);
  say(`${PARKED} parked: start-up ${started.toFixed(0)} ms`);
  await fill(pool, 'old', OLD, `'applied', true, NULL, NULL`);
  const after = await alone(pool);
  say(`${OLD} ended: a run of ten steps p50 ${after.toFixed(1)} ms`);
  await pool.end();
  const round = (number) => Math.round(number * 100) / 100;
  const line = (name, value, unit, peer, peerValue) => ({
    name,
    value: round(value),
    unit,
    peer,
    peerValue: round(peerValue),
    ratio: round(value / peerValue),
  });
  return [
    line('runs:start-up:100000-parked', started, 'ms until the first look for due runs is done', 'a second', 1000),
    line('runs:step:1000000-old', after / 10, 'ms a step', 'empty database', before / 10),
  ];
}

/** What a process asks at its start: tables, runs of its versions, what is due, what waits, counts by state. */
async function startUp(pool) {
  const begun = performance.now();
  await migrateRuns(pool);
  const store = new RunStore(pool);
  await new RunEngine({ pool, pipelines: [pipeline], worker: 'starts' }).wakeReturned();
  await store.due(100);
  await store.openCounts();
  return performance.now() - begun;
}

async function alone(pool) {
  const store = new RunStore(pool);
  const engine = new RunEngine({ pool, pipelines: [pipeline], worker: 'bench' });
  const times = [];
  for (let index = 0; index < 60; index += 1) {
    const { id } = await store.start(newRun(index), pipeline.version, { openRuns: 1_000_000 });
    const begun = performance.now();
    await engine.advance(id);
    if (index >= 20) times.push(performance.now() - begun);
  }
  return percentile(times, 0.5);
}

/** Rows as such runs leave them; two entries and two steps a run stand for all. */
async function fill(pool, kind, count, ends) {
  const begun = performance.now();
  await pool.query(
    `INSERT INTO runs (id, pipeline, title, target, environment, persona, principal, request, step, seq, state, ended,
                       wake_at, wait_reason)
     SELECT '${kind}_' || lpad(n::text, 10, '0'), 'bench/1', 'Old', 'target-' || n % 64, 'bench', 'devops',
            'agent:' || n % 64, '{}', 'step-6', 2, ${ends} FROM generate_series(1, ${count}) AS n`,
  );
  await pool.query(
    `INSERT INTO run_events (run, seq, round, step, kind, message, data, fence)
     SELECT '${kind}_' || lpad(n::text, 10, '0'), s, 1, 'step-6', 'note', 'old', 'null', 1
       FROM generate_series(1, ${count}) AS n, generate_series(1, 2) AS s`,
  );
  await pool.query(
    `INSERT INTO run_steps (run, round, step, state, started_at, finished_at, output)
     SELECT '${kind}_' || lpad(n::text, 10, '0'), 1, 'step-' || s, 'done', now(), now(), '{"step":1}'
       FROM generate_series(1, ${count}) AS n, generate_series(5, 6) AS s`,
  );
  await pool.query('ANALYZE');
  return performance.now() - begun;
}
