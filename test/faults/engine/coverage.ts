import type { OutsideFault } from './messages.js';
import { FATAL, type Misbehaviour, PASSING, STEP_NAMES, type StepName } from './pipeline.js';
import { PLACES, type Place, RUN_PLACES } from './places.js';
import type { Family } from './plan.js';
import { EFFECT_KINDS, type EffectKind, ONCE_KINDS, type OnceKind } from './targets.js';

const words = (...parts: readonly (string | false | undefined)[]): string => parts.filter(Boolean).join(' ');

/** A place as it is counted: what happens where. */
export const atPoint = ({ point, step, effect, nth }: Place): string =>
  words(point, step, effect, nth > 1 && `for the ${nth}th time`);
export const atTarget = ({ op, kind, fault, round }: Omit<OutsideFault, 'run'>): string =>
  words(op, kind, fault, round !== undefined && `in round ${round}`);
export const inStep = (step: StepName, how: Misbehaviour): string => words(step, how);

/** The two instants at which a round starts in the middle of the road, where the vote is there already. */
export const ROUND_STARTS: readonly Place[] = ['executed', 'recorded'].map((at) => ({
  point: `runs:step:${at}`,
  step: 'confirm',
  nth: 1,
}));
export const ofARound = (place: Place): string => words(atPoint(place), 'that starts a round');
/** Where one that has acted finds, when it records it, that another has. */
export const overtaken = (effect: OnceKind): Place => ({ point: 'runs:effect:acted', effect, nth: 1 });

const each = (kinds: readonly EffectKind[], faults: readonly OutsideFault['fault'][], round?: number): string[] =>
  kinds.flatMap((kind) =>
    faults.map((fault) => atTarget({ op: 'do', kind, fault, ...(round === undefined ? {} : { round }) })),
  );
const asked = (faults: readonly OutsideFault['fault'][]): string[] =>
  ONCE_KINDS.flatMap((kind) => faults.map((fault) => atTarget({ op: 'ask', kind, fault })));
const KILLS = ['kill-before', 'kill-after'] as const;

/** All places of the families that have some, whatever the turn. The faults of the others fall at any time. */
export const THERE: Partial<Record<Family, readonly string[]>> = {
  kill: [
    ...PLACES.map(atPoint),
    ...each(EFFECT_KINDS, KILLS),
    ...each(EFFECT_KINDS, KILLS, 2),
    ...ROUND_STARTS.map(ofARound),
  ],
  answers: [
    ...each(EFFECT_KINDS, ['lose']),
    ...each(ONCE_KINDS, ['late', 'delay']),
    ...asked(['fail', 'lose', 'stale', 'double']),
  ],
  cancel: RUN_PLACES.map(atPoint),
  pause: PLACES.map(atPoint),
  stopped: RUN_PLACES.map(atPoint),
  race: [...each(ONCE_KINDS, ['race']), ...ONCE_KINDS.map((kind) => atPoint(overtaken(kind)))],
  steps: STEP_NAMES.flatMap((step) => [...PASSING, ...FATAL].map((how) => inStep(step, how))),
};

/** What trials came past of it. */
export class Coverage {
  readonly #came = new Map<Family, Set<string>>();

  add(family: Family, came: Iterable<string>): void {
    const known = this.#came.get(family) ?? new Set();
    for (const place of came) known.add(place);
    this.#came.set(family, known);
  }

  /** Of each family that was tried and has places: how many there are, and which nobody came to. */
  told(): { readonly family: Family; readonly there: number; readonly missed: readonly string[] }[] {
    return [...this.#came].flatMap(([family, came]) => {
      const there = THERE[family];
      return there ? [{ family, there: there.length, missed: there.filter((place) => !came.has(place)) }] : [];
    });
  }
}
