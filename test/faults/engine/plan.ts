import type { EndState } from '@planwarden/contracts';
import type { BellHabit } from './fleet.js';
import type { OutsideFault, WorkerFault } from './messages.js';
import { failsAs, type Misbehaviour, STEP_NAMES, type StepName } from './pipeline.js';
import { inTurn, Random } from './random.js';
import { EFFECT_KINDS, ONCE_KINDS } from './targets.js';

export const FAMILIES = [
  'kill',
  'answers',
  'race',
  'cancel',
  'pause',
  'database',
  'steps',
  'bells',
  'slow-commits',
  'many',
] as const;
export type Family = (typeof FAMILIES)[number];

export interface RunPlan {
  readonly rounds: number;
  readonly misbehaves: { readonly step: StepName; readonly how: Misbehaviour } | null;
  /** Where it must end; several where a cancel may come too late. */
  readonly ends: readonly EndState[];
  readonly code: string | null;
}

/** Faults name their run by its number in `runs`. */
type Numbered<T> = Omit<T, 'run'> & { readonly run?: number };

export interface TrialPlan {
  readonly seed: number;
  readonly family: Family;
  readonly runs: RunPlan[];
  readonly faults: Omit<Numbered<WorkerFault>, 'id'>[];
  readonly outside: (Numbered<OutsideFault> & { readonly run: number })[];
  readonly bells: BellHabit;
  readonly stepDeadlineMs: number;
  /** Kills of any worker at any time. */
  readonly kills: number;
}

interface Place {
  readonly point: string;
  readonly step?: string;
  readonly effect?: string;
  readonly nth: number;
}

/** Every named point of the engine at everything that may stand there, and some of the commits. */
export const PLACES: readonly Place[] = [
  ...['intended', 'acted', 'recorded'].flatMap((at) =>
    EFFECT_KINDS.map((effect) => ({ point: `runs:effect:${at}`, effect, nth: 1 })),
  ),
  ...['started', 'executed', 'recorded'].flatMap((at) =>
    STEP_NAMES.map((step) => ({ point: `runs:step:${at}`, step, nth: 1 })),
  ),
  { point: 'runs:claimed', nth: 1 },
  ...['before', 'after'].flatMap((at) => [1, 3, 6, 10].map((nth) => ({ point: `runs:commit:${at}`, nth }))),
];
const isCommit = ({ point }: Place): boolean => point.startsWith('runs:commit');

/** What befalls a run is told by its seed alone: the family by its remainder, its places by how often the family came. */
export function planOf(seed: number, only?: Family, size = 1): TrialPlan {
  const family = only ?? (FAMILIES[seed % FAMILIES.length] as Family);
  const turn = Math.floor(seed / FAMILIES.length);
  const random = new Random(seed);
  const quiet = { dropped: 0, doubled: 0, late: 0 };
  const plan: TrialPlan = {
    seed,
    family,
    runs: [],
    faults: [],
    outside: [],
    bells: quiet,
    stepDeadlineMs: 30_000,
    kills: 0,
  };
  return MAKE[family](plan, turn, random, size);
}

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

const MAKE: Readonly<Record<Family, (plan: TrialPlan, turn: number, random: Random, size: number) => TrialPlan>> = {
  kill: (plan, turn, random, size) => {
    const count = some(size, 10);
    atPlaces(plan, random, inTurn(PLACES, turn * count, count), { act: 'kill' });
    for (const kind of inTurn(EFFECT_KINDS, turn * 2, some(size, 2))) {
      for (const fault of ['kill-before', 'kill-after'] as const) {
        plan.outside.push({ op: 'do', kind, fault, run: plan.runs.push(applied(random)) - 1 });
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
    const count = some(size, 10);
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
    return { ...plan, bells: { dropped: 0.3, doubled: 0.3, late: 0.3 } };
  },
  'slow-commits': (plan, turn, random, size) => {
    for (let index = 0; index < some(size, 4); index += 1) plan.runs.push(applied(random));
    for (let nth = 1; nth <= 24; nth += 1) {
      plan.faults.push({ point: turn % 2 === 0 ? 'runs:commit:before' : 'runs:commit:after', nth, act: 'slow' });
    }
    return plan;
  },
  many: (plan, _, random, size) => {
    for (let index = 0; index < some(size, 60); index += 1) plan.runs.push(applied(random));
    return { ...plan, kills: some(size, 4), bells: { dropped: 0.1, doubled: 0.1, late: 0.1 } };
  },
};
