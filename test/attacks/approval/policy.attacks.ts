import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attack, Tried } from '../attack.js';
import { voteUnderOtherPolicy } from '../other-policy.js';
import { Stage } from '../stage.js';
import { INTENDED } from './changed.js';

interface Moment {
  readonly run: string;
  /** When the installation is stopped. */
  after?(): void;
}

/**
 * Policy is of the release and read at its start: it changes by a start of another one. So these attacks have an
 * installation of their own, which is stopped at the moment they are about.
 */
const restartedAt =
  (moment: (stage: Stage) => Promise<Moment>) =>
  async ({ isGuardOff }: Stage): Promise<Tried> => {
    const folder = mkdtempSync(join(tmpdir(), 'planwarden-restart-'));
    try {
      const stage = await Stage.open({ isGuardOff, given: folder });
      let at: Moment | undefined;
      try {
        at = await moment(stage);
      } finally {
        await stage.close();
        at?.after?.();
      }
      const { run } = at;
      return await voteUnderOtherPolicy(folder, run);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

export const POLICY_ATTACKS: readonly Attack[] = [
  {
    id: 'policy-changed-between-the-votes',
    tries: 'a release whose policy denies the change is rolled out between the votes, and the second vote comes',
    guard: 'policy',
    refusal: 'POLICY_CHANGED',
    run: restartedAt(async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.review('ravi-reviewer', seen);
      return { run: seen.run.id };
    }),
  },
  {
    id: 'policy-changed-before-the-effect',
    tries: 'the product dies between confirm and merge, and comes back with a policy that denies the change',
    guard: 'policy',
    refusal: 'POLICY_CHANGED',
    run: restartedAt(async (stage) => {
      const seen = await stage.fresh();
      const hold = stage.holds.next(INTENDED);
      await stage.review('ravi-reviewer', seen);
      await hold.reached;
      return { run: seen.run.id, after: () => hold.release() };
    }),
  },
];
