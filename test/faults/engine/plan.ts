import type { EndState } from '@planwarden/contracts';
import { againAt, MAKE } from './families.js';
import type { BellHabit } from './fleet.js';
import type { OutsideFault, WorkerFault } from './messages.js';
import type { Misbehaviour, StepName } from './pipeline.js';
import { Random } from './random.js';

export const FAMILIES = [
  'kill',
  'answers',
  'cancel',
  'pause',
  'stopped',
  'database',
  'race',
  'steps',
  'bells',
  'slow-commits',
  'clocks',
  'queue',
  'many',
  'disk',
] as const;
export type Family = (typeof FAMILIES)[number];

export interface RunPlan {
  readonly rounds: number;
  readonly misbehaves: { readonly step: StepName; readonly how: Misbehaviour } | null;
  /** Where it must end; several where a cancel may come too late. */
  readonly ends: readonly EndState[];
  readonly code: string | null;
  /** Its vote is there before it asks. */
  readonly isVotedFor?: true;
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
  /** How many of the runs, the last ones, are begun by the workers themselves. */
  readonly begunByWorkers: number;
  /** Kills of any worker at any time. */
  readonly kills: number;
  readonly workers: number;
  /** Milliseconds by which the clocks of workers are off, one after the other. */
  readonly clocks: readonly number[];
  /** Whether the clock of the database can be set. */
  readonly turnsClock: boolean;
  /** Whether workers hear the bell of the product, on a queue. */
  readonly hasQueue: boolean;
  /** Whether the disk of the database can be filled. */
  readonly hasSmallDisk: boolean;
}

/**
 * What befalls a run is told by its seed alone: the family by its remainder, its places by how often the family came.
 * @param only this family, seed for seed
 */
export function planOf(seed: number, only?: Family, size = 1): TrialPlan {
  const family = only ?? (FAMILIES[seed % FAMILIES.length] as Family);
  const turn = only === undefined ? Math.floor(seed / FAMILIES.length) : seed;
  return MAKE[family](emptyPlan(seed, family), turn, new Random(seed), size);
}

/** Places of a family that nobody came to, once more. Undefined: the family has none that can be tried by themselves. */
export function planAgain(seed: number, family: Family, missed: readonly string[]): TrialPlan | undefined {
  return againAt(emptyPlan(seed, family), missed, new Random(seed));
}

const emptyPlan = (seed: number, family: Family): TrialPlan => ({
  seed,
  family,
  runs: [],
  faults: [],
  outside: [],
  bells: { dropped: 0, doubled: 0, late: 0 },
  stepDeadlineMs: 30_000,
  begunByWorkers: 0,
  kills: 0,
  workers: 2,
  clocks: [0],
  turnsClock: false,
  hasQueue: false,
  hasSmallDisk: false,
});
