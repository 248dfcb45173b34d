// The run engine beside its peers: the same ten-step run (no outside calls) on one durable PostgreSQL, in one process and
// one sitting. Throughput: 64 runs at a time, from the request for a run to its end. Latency: one run alone. The floor is
// what bare Postgres takes for the same rows. Rounds take turns, so that a busy machine slows all alike; medians count.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from './installation.mjs';
import { dbos } from './runs/dbos.mjs';
import { floor } from './runs/floor.mjs';
import { graphileWorker } from './runs/graphile-worker.mjs';
import { oldRuns } from './runs/old.mjs';
import { planwarden } from './runs/planwarden.mjs';

const CONCURRENT = 64;
const STEPS = 10;

export async function run({ say, rounds = 5, old = false }) {
  const { startEmbeddedPostgres } = await import('../libs/database/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-bench-'));
  const server = await startEmbeddedPostgres({ dataFolder: folder });
  try {
    if (old) return await oldRuns(server.connectionString, say);
    return await compare(server.connectionString, rounds, say);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(connectionString, rounds, say) {
  const { default: pg } = await import('pg');
  const admin = new pg.Client({ connectionString });
  await admin.connect();
  const engines = {};
  for (const make of [planwarden, dbos, graphileWorker, floor]) {
    const engine = await make({ connectionString: await database(admin, connectionString, make.name), steps: STEPS });
    engines[make.name] = { engine, rates: [], carried: [], alone: [] };
  }
  const turns = Object.keys(engines);
  for (let round = -1; round < rounds; round += 1) {
    // Another one begins each round, and what the one before left to be written is written first.
    for (const name of turns) {
      await admin.query('CHECKPOINT');
      const seen = await turn(engines[name].engine, round < 0);
      if (round < 0) continue;
      for (const [kind, values] of Object.entries(seen)) engines[name][kind].push(...values);
      const [rate = 0] = seen.rates;
      const p50 = percentile(seen.alone, 0.5);
      say(`${round + 1}/${rounds} ${name}: ${rate.toFixed(0)} steps/s, alone p50 ${p50.toFixed(1)} ms`);
    }
    turns.push(turns.shift());
  }
  for (const { engine } of Object.values(engines)) await engine.close();
  await admin.end();
  return figures(engines);
}

/** What one engine does before the next has its turn. */
async function turn(engine, isWarmUp) {
  const alone = [];
  for (let index = 0; index < 20; index += 1) {
    const begun = performance.now();
    await engine.one();
    alone.push(performance.now() - begun);
  }
  const runs = isWarmUp ? CONCURRENT : engine.runs;
  const rates = [await throughput(engine, runs)];
  const carried = engine.asked ? [await throughput(await engine.asked(runs), runs)] : [];
  return { alone, rates, carried };
}

/** Steps a second with CONCURRENT runs under way. */
async function throughput(engine, runs) {
  if (engine.many) return engine.many(runs, CONCURRENT);
  let left = runs;
  const begun = performance.now();
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await engine.one();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, lane));
  return (runs * STEPS * 1000) / (performance.now() - begun);
}

function figures(engines) {
  const rate = (name) => percentile(engines[name].rates, 0.5);
  const carried = percentile(engines.planwarden.carried, 0.5);
  const alone = (name, share) => percentile(engines[name].alone, share);
  const line = (name, value, unit, peer, peerValue) => {
    const round = (number, digits) => Math.round(number * 10 ** digits) / 10 ** digits;
    const ratio = round(value / peerValue, 2);
    return { name, value: round(value, 2), unit, peer, peerValue: round(peerValue, 2), ratio };
  };
  const ms = 'ms for ten steps';
  return [
    ...['floor', 'graphileWorker', 'dbos'].flatMap((peer) => [
      line('runs:alone:p50', alone('planwarden', 0.5), ms, peer, alone(peer, 0.5)),
      line('runs:alone:p95', alone('planwarden', 0.95), ms, peer, alone(peer, 0.95)),
    ]),
    // A peer's figure always holds the start of its runs; ours once without and once with it, limits and all.
    ...['floor', 'graphileWorker', 'dbos'].flatMap((peer) => [
      line('runs:64-concurrent:asked-before', carried, 'durable steps a second', peer, rate(peer)),
      line('runs:64-concurrent', rate('planwarden'), 'durable steps a second', peer, rate(peer)),
    ]),
  ];
}

async function database(admin, connectionString, name) {
  await admin.query(`CREATE DATABASE "bench_${name.toLowerCase()}"`);
  const url = new URL(connectionString);
  url.pathname = `/bench_${name.toLowerCase()}`;
  return url.href;
}
