import type { Attack } from './attack.js';
import { Stage } from './stage.js';

/** What came of one attack. */
export interface Trial {
  readonly id: string;
  readonly isRefused: boolean;
  readonly isGained: boolean;
  /** Effects that the release App carried out meanwhile. */
  readonly released: number;
  readonly refusals: readonly string[];
  readonly failure: string | null;
}

export async function tryAttack(stage: Stage, attack: Attack): Promise<Trial> {
  const before = stage.released();
  try {
    const { refusals, gained } = await attack.run(stage);
    return {
      id: attack.id,
      isRefused: refusals.includes(attack.refusal),
      isGained: gained,
      released: stage.released() - before - (attack.rightful ?? 0),
      refusals,
      failure: null,
    };
  } catch (error) {
    const failure = error instanceof Error ? error.message : 'unknown';
    const released = stage.released() - before;
    return { id: attack.id, isRefused: false, isGained: false, released, refusals: [], failure };
  }
}

/** Tries attacks on so many installations at a time, one after another on each; after each is told what came of it. */
export async function tryAttacks(
  attacks: readonly Attack[],
  atATime: number,
  tell: (attack: Attack, trial: Trial) => void,
): Promise<Trial[]> {
  const left = [...attacks];
  const trials: Trial[] = [];
  const lane = async (): Promise<void> => {
    const stage = await Stage.open();
    try {
      for (let attack = left.shift(); attack !== undefined; attack = left.shift()) {
        const trial = await tryAttack(stage, attack);
        trials.push(trial);
        tell(attack, trial);
      }
    } finally {
      await stage.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, attacks.length) }, lane));
  return trials;
}

/** With a guard cut out: tries its attacks until one gets what it is after. */
export async function tryUntilGained(attacks: readonly Attack[]): Promise<Trial[]> {
  const stage = await Stage.open({ isGuardOff: true });
  try {
    const trials: Trial[] = [];
    for (const attack of attacks) {
      trials.push(await tryAttack(stage, attack));
      if (trials.at(-1)?.isGained) break;
    }
    return trials;
  } finally {
    // A product with a part cut out may not stop in order; the process ends all the same.
    await stage.close().catch(() => undefined);
  }
}

/** Refused by its name, nothing gained, nothing released. */
export const held = (trial: Trial): boolean => trial.isRefused && !trial.isGained && trial.released === 0;
