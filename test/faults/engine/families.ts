import type { WorkerFault } from './messages.js';
import { failsAs, type Misbehaviour, STEP_NAMES, type StepName } from './pipeline.js';
import { isCommit, PLACES, type Place } from './places.js';
import type { Family, RunPlan, TrialPlan } from './plan.js';
import { inTurn, type Random } from './random.js';
import { EFFECT_KINDS, ONCE_KINDS } from './targets.js';

type Make = (plan: TrialPlan, turn: number, random: Random, size: number) => TrialPlan;

const MINUTE_MS = 60_000;
/** How often the family of many runs has come when it is the big one: once in 50 seeds. */
const BIG_TURN = 2;

const applied = (random: Random): RunPlan => ({
  rounds: random.whole(1, 3) === 3 ? 2 : 1,
  misbehaves: null,
  ends: ['applied'],
  code: null,
});
const some = (size: number, most: number): number => Math.max(1, Math.round(size * most));

/** A run for each place, at which something happens to it. Commits belong to no run. */
function atPlaces(
  plan: TrialPlan,
  random: Random,
  places: readonly Place[],
  fault: Pick<WorkerFault, 'act' | 'does'>,
): void {
  for (const place of places) {
    const run = plan.runs.push(applied(random)) - 1;
    plan.faults.push({ ...place, ...fault, ...(isCommit(place) ? {} : { run }) });
  }
}

/** What each family does to a plan. @param turn how often it came before @param size share of its places */
export const MAKE: Readonly<Record<Family, Make>> = {
  kill: (plan, turn, random, size) => {
    const count = some(size, 13);
    atPlaces(plan, random, inTurn(PLACES, turn * count, count), { act: 'kill' });
    for (const kind of inTurn(EFFECT_KINDS, turn * 2, some(size, 2))) {
      for (const fault of ['kill-before', 'kill-after'] as const) {
        plan.outside.push({ op: 'do', kind, fault, run: plan.runs.push(applied(random)) - 1 });
      }
    }
    // In a round that was started in the middle, and at the two instants of its start.
    const again = size < 1 ? [] : inTurn(EFFECT_KINDS, turn * 2, 2);
    for (const kind of again) {
      for (const fault of ['kill-before', 'kill-after'] as const) {
        const run = plan.runs.push({ ...applied(random), rounds: 2 }) - 1;
        plan.outside.push({ op: 'do', kind, fault, run, round: 2 });
        const point = fault === 'kill-before' ? 'runs:step:executed' : 'runs:step:recorded';
        plan.faults.push({ point, step: 'confirm', nth: 2, act: 'kill', run });
      }
    }
    return plan;
  },
  answers: (plan, turn, random, size) => {
    for (const kind of EFFECT_KINDS) {
      plan.outside.push({ op: 'do', kind, fault: 'lose', run: plan.runs.push(applied(random)) - 1 });
    }
    for (const kind of inTurn(ONCE_KINDS, turn, some(size, 5))) {
      const run = plan.runs.push(applied(random)) - 1;
      plan.outside.push({ op: 'do', kind, fault: 'late', run }, { op: 'ask', kind, fault: 'fail', run });
      const slow = plan.runs.push(applied(random)) - 1;
      plan.outside.push({ op: 'do', kind, fault: 'delay', run: slow });
      const unsure = plan.runs.push(applied(random)) - 1;
      plan.outside.push(
        { op: 'do', kind, fault: 'lose', run: unsure },
        { op: 'ask', kind, fault: 'lose', run: unsure },
      );
      // Done, and not shown yet when it is asked for: the target's own compare-and-set refuses the second.
      const hidden = plan.runs.push(applied(random)) - 1;
      plan.outside.push(
        { op: 'do', kind, fault: 'lose', run: hidden },
        { op: 'ask', kind, fault: 'stale', run: hidden },
      );
    }
    for (const kind of inTurn(ONCE_KINDS, turn * 2, some(size, 2))) {
      const ends = [kind === 'apply' || kind === 'merge' ? 'apply_failed' : 'errored'] as const;
      const run = plan.runs.push({ rounds: 1, misbehaves: null, ends, code: 'EFFECT_DOUBLE' }) - 1;
      plan.outside.push({ op: 'do', kind, fault: 'lose', run }, { op: 'ask', kind, fault: 'double', run });
    }
    return plan;
  },
  race: (plan, _, random, size) => {
    for (const kind of inTurn(ONCE_KINDS, 0, some(size, 5))) {
      plan.outside.push({ op: 'do', kind, fault: 'race', run: plan.runs.push(applied(random)) - 1 });
      // And one that has acted, and finds when it records it that another has.
      const run = plan.runs.push({ ...applied(random), rounds: 2 }) - 1;
      plan.faults.push({ point: 'runs:effect:acted', effect: kind, nth: 1, act: 'tell', does: 'overtake', run });
    }
    return plan;
  },
  cancel: (plan, turn, random, size) => {
    const places = PLACES.filter((place) => !isCommit(place));
    const count = some(size, 11);
    for (const place of inTurn(places, turn * count, count)) {
      // Whether it came in time is told by what was answered: checks.ts.
      const run = plan.runs.push({ ...applied(random), rounds: 1, ends: ['canceled', 'applied'] }) - 1;
      plan.faults.push({ ...place, act: 'tell', does: 'cancel', run });
    }
    return plan;
  },
  pause: (plan, turn, random, size) => {
    const count = some(size, 5);
    atPlaces(plan, random, inTurn(PLACES, turn * count * 2 + 1, count), { act: 'pause' });
    return plan;
  },
  stopped: (plan, turn, random, size) => {
    const places = PLACES.filter((place) => !isCommit(place));
    const count = some(size, 5);
    for (const place of inTurn(places, turn * count * 2, count)) {
      const run = plan.runs.push({ ...applied(random), rounds: 1, ends: ['canceled', 'applied'] }) - 1;
      plan.faults.push({ ...place, act: 'pause', does: 'cancel', run });
    }
    return plan;
  },
  database: (plan, turn, random, size) => {
    for (let index = 0; index < 6; index += 1) plan.runs.push(applied(random));
    for (let index = 0; index < some(size, 3); index += 1) {
      const point = random.pick(['runs:commit:before', 'runs:effect:acted']);
      plan.faults.push({ point, nth: random.whole(2, 12), act: 'tell', does: 'cut' });
    }
    const does = turn % 2 === 0 ? 'kill-postgres' : 'restart-postgres';
    const point = random.pick(['runs:commit:before', 'runs:commit:after', 'runs:effect:acted']);
    plan.faults.push({ point, nth: random.whole(4, 14), act: 'tell', does });
    return plan;
  },
  steps: (plan, turn, random, size) => {
    const hows: readonly Misbehaviour[] = ['hangs', 'never settles', 'fails once'];
    const fatal = ['throws a text', 'throws nothing', 'answers nothing', 'answers 20 MB'] as const;
    for (const [index, how] of [...hows, ...fatal].slice(0, some(size, 7)).entries()) {
      const step = STEP_NAMES[(turn * 3 + index) % STEP_NAMES.length] as StepName;
      // A confirm that waits has not answered yet, and one of the first round is not the last.
      const isFatal = (fatal as readonly string[]).includes(how);
      const code = how === 'answers 20 MB' ? 'OUTPUT_REFUSED' : 'INTERNAL';
      plan.runs.push({
        rounds: isFatal ? 1 : random.whole(1, 2),
        misbehaves: { step, how },
        ends: [isFatal ? failsAs(step) : 'applied'],
        code: isFatal ? code : null,
      });
    }
    return { ...plan, stepDeadlineMs: 3000 };
  },
  bells: (plan, _, random, size) => {
    for (let index = 0; index < some(size, 10); index += 1) plan.runs.push(applied(random));
    // A vote that comes between the look for votes and the end of that step.
    for (let index = 0; index < some(size, 3); index += 1) {
      const run = plan.runs.push(applied(random)) - 1;
      plan.faults.push({ point: 'runs:step:executed', step: 'confirm', nth: 1, act: 'tell', does: 'vote', run });
    }
    return { ...plan, bells: { dropped: 0.3, doubled: 0.3, late: 0.3 } };
  },
  'slow-commits': (plan, turn, random, size) => {
    for (let index = 0; index < some(size, 4); index += 1) plan.runs.push(applied(random));
    for (let nth = 1; nth <= 24; nth += 1) {
      plan.faults.push({ point: turn % 2 === 0 ? 'runs:commit:before' : 'runs:commit:after', nth, act: 'slow' });
    }
    return plan;
  },
  clocks: (plan, turn, random, size) => {
    const points = ['runs:effect:intended', 'runs:effect:acted', 'runs:commit:before', 'runs:step:executed'];
    // Each has something to wait for, and votes.
    for (let index = 0; index < some(size, 10); index += 1) {
      const run = plan.runs.push(applied(random)) - 1;
      plan.outside.push({ op: 'do', kind: random.pick(ONCE_KINDS), fault: 'fail', run });
    }
    // Every other time only those of the workers are wrong.
    for (let index = 0; index < some(size, 6) && turn % 2 === 0; index += 1) {
      const does = (turn / 2 + index) % 2 === 0 ? 'jump-ahead' : 'jump-back';
      plan.faults.push({ point: random.pick(points), nth: random.whole(1, 12), act: 'tell', does });
    }
    return { ...plan, turnsClock: true, clocks: [5 * MINUTE_MS, -5 * MINUTE_MS], kills: 2 };
  },
  queue: (plan, turn, random, size) => {
    for (let index = 0; index < some(size, 20); index += 1) plan.runs.push(applied(random));
    for (const does of turn % 2 === 0 ? (['empty-queue', 'empty-queue'] as const) : (['remove-queue'] as const)) {
      plan.faults.push({ point: 'runs:step:recorded', nth: random.whole(1, 20), act: 'tell', does });
    }
    return { ...plan, hasQueue: true, kills: 1, bells: { dropped: 0.1, doubled: 0.1, late: 0.1 } };
  },
  disk: (plan, turn, random, size) => {
    for (let index = 0; index < some(size, 12); index += 1) plan.runs.push(applied(random));
    const point = ['runs:commit:before', 'runs:effect:acted', 'runs:effect:intended'][turn % 3] ?? '';
    plan.faults.push({ point, nth: random.whole(1, 12), act: 'tell', does: 'fill-disk' });
    return { ...plan, hasSmallDisk: true };
  },
  many: (plan, turn, random, size) => {
    const isBig = turn % (BIG_TURN + 1) === BIG_TURN;
    const count = isBig ? 1000 : 60;
    for (let index = 0; index < some(size, count); index += 1) plan.runs.push(applied(random));
    const bells = { dropped: 0.1, doubled: 0.1, late: 0.1 };
    return { ...plan, kills: some(size, isBig ? 12 : 4), workers: isBig ? 3 : 2, bells };
  },
};
