import type { Tried } from '../attack.js';
import type { TargetName } from '../installation.js';
import type { RunSeen, Stage } from '../stage.js';

/** Puts back what was changed. */
export type Undo = () => void | Promise<void>;
type Change = (stage: Stage, seen: RunSeen) => Promise<Undo | null>;

/** Right before the act: its intent is in the journal, GitHub has not heard of it. */
export const INTENDED = 'runs:effect:intended';

/** What an attacker waits for: these attacks are about time itself. */
export const passed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The first of two votes is in; then something is changed; then the second follows in the pages. */
export const changedBetween =
  (refusal: string, change: Change) =>
  async (stage: Stage): Promise<Tried> => {
    const seen = await stage.fresh('pair');
    await stage.review('ravi-reviewer', seen);
    const back = await change(stage, seen);
    try {
      await stage.vote('third', seen);
      return await stage.outcome(seen.run.id, refusal);
    } finally {
      await back?.();
    }
  };

/** The vote is in and confirm has made its approval; then something is changed, before the effect. */
export const changedBeforeEffect =
  (refusal: string, change: Change, target: TargetName = 'staging', before?: Change) =>
  async (stage: Stage): Promise<Tried> => {
    const seen = await stage.fresh(target);
    await before?.(stage, seen);
    const hold = stage.holds.next(INTENDED);
    await stage.review('ravi-reviewer', seen);
    await hold.reached;
    let back: Undo | null = null;
    try {
      back = await change(stage, seen);
    } finally {
      hold.release();
    }
    try {
      return await stage.outcome(seen.run.id, refusal);
    } finally {
      await back?.();
    }
  };
