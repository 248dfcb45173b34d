import { atPoint, ofARound, overtaken, ROUND_STARTS } from './coverage.js';
import { FATAL, failsAs, type Misbehaviour, PASSING, STEP_NAMES, type StepName } from './pipeline.js';
import { isCommit, PLACES, type Place, RUN_PLACES } from './places.js';
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

/** Whether a cancel came in time is told by what was answered: checks.ts. */
const canceled = (random: Random): RunPlan => ({ ...applied(random), rounds: 1, ends: ['canceled', 'applied'] });

/** Families in which one thing happens at one place after the other, and the runs to which it does. */
const AT_PLACES = {
  kill: { fault: { act: 'kill' }, run: applied },
  cancel: { fault: { act: 'tell', does: 'cancel' }, run: canceled },
  pause: { fault: { act: 'pause' }, run: applied },
  stopped: { fault: { act: 'pause', does: 'cancel' }, run: canceled },
} as const;

/** A run for each place. Commits belong to no run. */
function atPlaces(plan: TrialPlan, family: keyof typeof AT_PLACES, places: readonly Place[], random: Random): void {
  const { fault, run } = AT_PLACES[family];
  for (const place of places) {
    const at = plan.runs.push(run(random)) - 1;
    plan.faults.push({ ...place, ...fault, place: atPoint(place), ...(isCommit(place) ? {} : { run: at }) });
  }
}

/**
 * Only these places, once more: where a worker dies at one of them, another of its runs may have been just about to come to
 * its own. @returns undefined where the family has no such places
 */
export function againAt(plan: TrialPlan, missed: readonly string[], random: Random): TrialPlan | undefined {
  const { family } = plan;
  if (!(family in AT_PLACES)) return undefined;
  const places = PLACES.filter((place) => missed.includes(atPoint(place)));
  if (places.length < missed.length) return undefined;
  atPlaces(plan, family as keyof typeof AT_PLACES, places, random);
  return plan;
}

/** What each family does to a plan. @param turn how often it came before @param size share of its places */
export const MAKE: Readonly<Record<Family, Make>> = {
  kill: (plan, turn, random, size) => {
    const count = some(size, 15);
    atPlaces(plan, 'kill', inTurn(PLACES, turn * count, count), random);
    for (const kind of inTurn(EFFECT_KINDS, turn * 2, some(size, 2))) {
      for (const fault of ['kill-before', 'kill-after'] as const) {
        plan.outside.push({ op: 'do', kind, fault, run: plan.runs.push(applied(random)) - 1 });
      }
    }
    // In a round that was started in the middle, and at the two instants of its start.
    const again = size < 1 ? [] : inTurn(EFFECT_KINDS, turn * 2, 2);
    for (const kind of again) {
      for (const [index, fault] of (['kill-before', 'kill-after'] as const).entries()) {
        const run = plan.runs.push({ ...applied(random), rounds: 2, isVotedFor: true }) - 1;
        plan.outside.push({ op: 'do', kind, fault, run, round: 2 });
        const place = ROUND_STARTS[index] as Place;
        plan.faults.push({ ...place, place: ofARound(place), act: 'kill', run });
      }
    }
    return { ...plan, workers: size < 1 ? 2 : 4 };
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
      const place = overtaken(kind);
      plan.faults.push({ ...place, place: atPoint(place), act: 'tell', does: 'overtake', run });
    }
    return plan;
  },
  cancel: (plan, turn, random, size) => {
    const count = some(size, 13);
    atPlaces(plan, 'cancel', inTurn(RUN_PLACES, turn * count, count), random);
    return plan;
  },
  pause: (plan, turn, random, size) => {
    const count = some(size, 15);
    atPlaces(plan, 'pause', inTurn(PLACES, turn * count, count), random);
    return { ...plan, workers: 6 };
  },
  stopped: (plan, turn, random, size) => {
    const count = some(size, 13);
    atPlaces(plan, 'stopped', inTurn(RUN_PLACES, turn * count, count), random);
    return { ...plan, workers: 6 };
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
    const hows: readonly Misbehaviour[] = [...PASSING, ...FATAL];
    for (let index = 0; index < some(size, 14); index += 1) {
      const how = hows[index % hows.length] as Misbehaviour;
      // Two of each in a turn, at steps that lie four apart: four turns come past all.
      const first = (index % hows.length) + 4 * Math.floor(index / hows.length);
      const step = STEP_NAMES[(turn + first) % STEP_NAMES.length] as StepName;
      // A confirm that waits has not answered yet, and one of the first round is not the last.
      const isFatal = (FATAL as readonly string[]).includes(how);
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
    // Right after a lease was taken, by a claim or by the start itself.
    for (let kill = 0; kill < 2; kill += 1) {
      plan.faults.push({ point: 'runs:claimed', nth: random.whole(2, 16), act: 'kill' });
    }
    const begunByWorkers = plan.runs.length >> 1;
    return { ...plan, begunByWorkers, kills: some(size, isBig ? 12 : 4), workers: isBig ? 3 : 2, bells };
  },
};
