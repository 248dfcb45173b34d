// npm run test:faults -- --seeds N [--seed S] [--family F] [--kinds] | --mutations
import { parseArgs } from 'node:util';
import { MUTATIONS } from './mutations.js';
import { FAMILIES, type Family, planOf, type TrialPlan } from './plan.js';
import { Server } from './server.js';
import { type TrialResult, tryPlan } from './trial.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '0' },
    family: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    kinds: { type: 'boolean', default: false },
  },
});
const count = Number(values.seeds);
const first = Number(values.seed);
const family = FAMILIES.find((one) => one === values.family);
if (!Number.isInteger(count) || !Number.isInteger(first) || count < 1 || first < 0 || (values.family && !family)) {
  say(`INPUT_INVALID: use --seeds <count> --seed <first> --family <${FAMILIES.join(' | ')}> --kinds, or --mutations`);
  process.exit(2);
}

const kinds = new Map<string, number>();
const total = { faults: 0, effects: 0, runs: 0, failed: 0, shown: 0 };
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const sum = ({ injected }: TrialResult): number => [...injected.values()].reduce((one, other) => one + other, 0);

async function trySeed(seed: number, only: Family | undefined): Promise<void> {
  const plan = planOf(seed, only);
  const begun = performance.now();
  const result = await tryPlan(await serverOf(plan), plan);
  for (const [kind, times] of result.injected) kinds.set(kind, (kinds.get(kind) ?? 0) + times);
  total.faults += sum(result);
  total.effects += result.effects;
  total.runs += plan.runs.length;
  const figures = `${plan.runs.length} runs, ${sum(result)} faults, ${result.effects} effects checked, ${seconds(begun)}`;
  const isGood = result.problems.length === 0;
  say(`${isGood ? 'ok    ' : 'FAILED'} seed ${seed} ${plan.family.padEnd(12)} ${figures}`);
  if (isGood) return;
  total.failed += 1;
  for (const problem of result.problems.slice(0, 20)) say(`         ${problem}`);
  say(`         again: npm run test:faults -- --seeds 1 --seed ${seed}${only ? ` --family ${only}` : ''}`);
}

async function tryMutations(server: Server): Promise<void> {
  for (const { name, cuts, family: only, turn = 0 } of MUTATIONS) {
    const plan = planOf(first + turn * FAMILIES.length, only, 0.5);
    const { problems } = await tryPlan(server, plan, { cuts, withinMs: 20_000 });
    if (problems.length > 0) total.shown += 1;
    else total.failed += 1;
    say(problems.length > 0 ? `shown  ${name}: ${problems[0]}` : `FAILED ${name}: nothing was noticed`);
  }
}

const server = await Server.start();
let small: Server | undefined;

/** The server of a plan. One whose disk can be filled is started when the first needs it. */
async function serverOf({ hasSmallDisk }: TrialPlan): Promise<Server> {
  if (!hasSmallDisk) return server;
  if (small === undefined) {
    small = await Server.start({ isSmall: true });
    say(
      small.disk === undefined
        ? '       disk full: SQLSTATE 53100 at the journal (this machine lets us mount no tmpfs)'
        : '       disk full: a tmpfs, filled to its last byte',
    );
  }
  return small;
}

try {
  if (values.mutations) await tryMutations(server);
  else for (let seed = first; seed < first + count; seed += 1) await trySeed(seed, family);
} finally {
  await server.stop();
  await small?.stop();
}
if (values.kinds) for (const [kind, times] of [...kinds].sort()) say(`       ${times} x ${kind}`);
const { faults, effects, runs, failed, shown } = total;
say(
  values.mutations
    ? `${shown} of ${MUTATIONS.length} mutations noticed`
    : `${count} seeds, ${runs} runs, ${faults} faults injected, ${effects} effects checked, ${failed} failed`,
);
process.exitCode = failed === 0 ? 0 : 1;
