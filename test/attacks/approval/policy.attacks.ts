import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attack, Tried } from '../attack.js';
import { type Denied, voteUnderOtherPolicy } from '../other-policy.js';
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
  (moment: (stage: Stage) => Promise<Moment>, denied: Denied = 'plan') =>
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
      return await voteUnderOtherPolicy(folder, run, denied);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

/** More than the persona's changes may affect. */
const TOO_MANY = 30;

export const POLICY_ATTACKS: readonly Attack[] = [
  {
    id: 'facts-worse-between-the-votes',
    tries: 'while the votes come, more is hung on what the change touches than its persona may affect',
    guard: 'facts',
    refusal: 'FACTS_CHANGED',
    rightful: 1,
    run: async (stage) => {
      const first = await stage.fresh();
      await stage.review('ravi-reviewer', first);
      await stage.world.until(first.run.id, ({ run }) => run.ended);
      const seen = await stage.changeOf(first);
      const namespace = /staging-case-\d+/.exec(seen.plan?.text ?? '')?.[0] ?? '';
      for (let count = 0; count < TOO_MANY; count += 1) {
        const metadata = { name: `by-hand-${count}`, namespace };
        const spec = {
          selector: { 'app.kubernetes.io/name': namespace.replace('staging-', '') },
          ports: [{ port: 80 }],
        };
        stage.world.at.kubernetes.control.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec }, 'mallory');
      }
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'FACTS_CHANGED');
    },
  },
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
    id: 'policy-of-files-changed-between-the-votes',
    tries: 'as before, and the policy of the release denies the files of the change, not its plan',
    guard: 'policySource',
    refusal: 'POLICY_CHANGED',
    run: restartedAt(async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.review('ravi-reviewer', seen);
      return { run: seen.run.id };
    }, 'source'),
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
