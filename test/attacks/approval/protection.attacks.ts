import type { Attack, Tried } from '../attack.js';
import { Stage } from '../stage.js';

/** Attacks on what protects the repository, as it must be for real targets. */

const RELEASE_APP = 502;
const main = { requiredReviews: 1, requiredChecks: ['planwarden/plan'], checkAppId: RELEASE_APP };
const { checkAppId: _, ...anyApp } = main;
const tags = {
  id: 41,
  name: 'Tags of Planwarden',
  target: 'tag' as const,
  include: ['refs/tags/planwarden/**'],
  rules: [{ type: 'creation' }, { type: 'update' }, { type: 'deletion' }],
  bypassApps: [RELEASE_APP],
};
type Protection = Parameters<Stage['protect']>[0];

/** An installation of its own whose repository is protected; between vote and confirm an administrator takes one thing away. */
const without =
  (taken: Protection) =>
  async ({ isGuardOff }: Stage): Promise<Tried> => {
    const stage = await Stage.open({ isGuardOff, mustBeProtected: true });
    try {
      stage.protect({ protection: { main }, rulesets: [tags], allowAutoMerge: false });
      const seen = await stage.fresh();
      stage.protect(taken);
      await stage.review('ravi-reviewer', seen);
      return await stage.outcome(seen.run.id, 'UNPROTECTED');
    } finally {
      await stage.close();
    }
  };

export const PROTECTION_ATTACKS: readonly Attack[] = [
  {
    id: 'tags-unprotected-after-the-plan',
    tries: 'the tags that release an apply are opened to everybody while the run waits',
    guard: 'protection',
    refusal: 'UNPROTECTED',
    run: without({ rulesets: [] }),
  },
  {
    id: 'check-taken-from-any-app',
    tries: 'the check of policy is taken from any App while the run waits',
    guard: 'protection',
    refusal: 'UNPROTECTED',
    run: without({ protection: { main: anyApp } }),
  },
];
