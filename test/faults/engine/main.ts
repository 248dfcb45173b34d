// npm run test:faults -- --seeds N [--seed S] [--family F] [--kinds] | --mutations [--family F]
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.js';
import { MUTATIONS, trialOf } from './mutations.js';
import { FAMILIES, type Family, planAgain, planOf, type TrialPlan } from './plan.js';
import { Server } from './server.js';
import { type TrialResult, tryPlan } from './trial.js';

/** Seeds that come past every place of every family that has some: each comes four times at least. */
const COMPLETE = 50;
const COMPLETE_OF_ONE = 4;
const MISSED_AGAIN = 3;
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
const coverage = new Coverage();
const total = { faults: 0, effects: 0, runs: 0, failed: 0, shown: 0 };
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const sum = ({ injected }: TrialResult): number => [...injected.values()].reduce((one, other) => one + other, 0);

async function trySeed(seed: number, only: Family | undefined): Promise<void> {
  const hint = `again: npm run test:faults -- --seeds 1 --seed ${seed}${only ? ` --family ${only}` : ''}`;
  await tryOne(planOf(seed, only), `seed ${seed}`, hint);
}

async function tryOne(plan: TrialPlan, name: string, hint: string): Promise<void> {
  const begun = performance.now();
  const result = await tryPlan(await serverOf(plan), plan);
  for (const [kind, times] of result.injected) kinds.set(kind, (kinds.get(kind) ?? 0) + times);
  coverage.add(plan.family, result.came);
  total.faults += sum(result);
  total.effects += result.effects;
  total.runs += plan.runs.length;
  const figures = `${plan.runs.length} runs, ${sum(result)} faults, ${result.effects} effects checked, ${seconds(begun)}`;
  const isGood = result.problems.length === 0;
  say(`${isGood ? 'ok    ' : 'FAILED'} ${name} ${plan.family.padEnd(12)} ${figures}`);
  if (isGood) return;
  total.failed += 1;
  for (const problem of result.problems.slice(0, 20)) say(`         ${problem}`);
  say(`         ${hint}`);
}

const mutations = MUTATIONS.filter((one) => family === undefined || one.family === family);

async function tryMutations(server: Server): Promise<void> {
  for (const mutation of mutations) {
    const { name, family: only, symptom, turns = [0] } = mutation;
    let found: readonly string[] = [];
    let shown: string | undefined;
    for (const turn of turns) {
      if (shown !== undefined) break;
      const plan = planOf(first + turn, only, turns.length > 1 ? 1 : 0.5);
      found = (await tryPlan(server, plan, trialOf(mutation))).problems;
      shown = found.find((problem) => symptom.test(problem));
    }
    if (shown === undefined) total.failed += 1;
    else total.shown += 1;
    say(shown === undefined ? `FAILED ${name}: ${found[0] ?? 'nothing was noticed'}` : `shown  ${name}: ${shown}`);
  }
}

/** Seeds that are enough to come past every place have to: where a fault came in the way of another, it is tried again. */
const mustBeAll = first === 0 && count >= (family === undefined ? COMPLETE : COMPLETE_OF_ONE);

async function tryMissed(): Promise<void> {
  for (let again = 1; again <= MISSED_AGAIN; again += 1) {
    for (const { family: one, missed } of coverage.told()) {
      const plan = missed.length === 0 ? undefined : planAgain(first + count + again, one, missed);
      if (plan) await tryOne(plan, `once more ${missed.length}`, `places: ${missed.join('; ')}`);
    }
  }
}

function tellCoverage(): void {
  for (const { family: one, there, missed } of coverage.told()) {
    const isWrong = missed.length > 0 && mustBeAll;
    if (isWrong) total.failed += 1;
    const named = missed.length > 0 && (mustBeAll || values.kinds) ? `, not: ${missed.join('; ')}` : '';
    say(`${isWrong ? 'FAILED' : '      '} ${one}: ${there - missed.length} of ${there} places come past${named}`);
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
  if (!values.mutations && mustBeAll) await tryMissed();
} finally {
  await server.stop();
  await small?.stop();
}
if (!values.mutations) tellCoverage();
if (values.kinds) for (const [kind, times] of [...kinds].sort()) say(`       ${times} x ${kind}`);
const { faults, effects, runs, failed, shown } = total;
say(
  values.mutations
    ? `${shown} of ${mutations.length} mutations noticed`
    : `${count} seeds, ${runs} runs, ${faults} faults injected, ${effects} effects checked, ${failed} failed`,
);
process.exitCode = failed === 0 ? 0 : 1;
