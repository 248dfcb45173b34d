import type { Attack } from '../attack.js';
import { SEED_FILES } from '../installation.js';
import { codesOf } from '../stage.js';
import { changedBetween } from './changed.js';

/** Attacks by who must be among the voters: roles, and owners by CODEOWNERS. */

const OWNERS = 'docs/CODEOWNERS';
const RAVI_OWNS = '/docs/ @ravi-reviewer\n';

export const OWNER_ATTACKS: readonly Attack[] = [
  {
    id: 'approved-without-the-role',
    tries: 'votes enough, but none of the role that the target asks for',
    guard: 'role-quorum',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('secured');
      await stage.review('ravi-reviewer', seen);
      await stage.vote('third', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'approved-by-no-owner',
    tries: 'an approver who owns none of the changed paths approves',
    guard: 'owners',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('docs');
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'owners-in-the-request',
    tries: 'the agent asks for a CODEOWNERS of its own, in a target whose folder is docs',
    guard: 'owners-of-base',
    refusal: 'PATH_OUTSIDE_TARGET',
    run: async (stage) => {
      const asked = await stage.world.call('propose_change', {
        target: 'docs',
        title: 'Owners',
        reason: 'They changed.',
        files: [{ path: 'CODEOWNERS', content: RAVI_OWNS }],
      });
      const refusals = codesOf({ status: 200, body: asked.data });
      if (asked.isError) return { refusals, gained: false };
      const seen = await stage.round(String(asked.data.run), 1);
      if (!seen.run.ended) await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'PATH_OUTSIDE_TARGET', refusals);
    },
  },
  {
    id: 'owners-pushed-to-the-branch',
    tries: "a CODEOWNERS that names another owner is pushed to the run's branch, and that owner approves",
    guard: 'owners-of-base',
    refusal: 'path-outside-target',
    run: async (stage) => {
      const first = await stage.fresh('docs');
      await stage.push('mallory', first.pullRequest?.branch ?? '', { [OWNERS]: RAVI_OWNS });
      await stage.review('ravi-reviewer', first);
      const second = await stage.round(first.run.id, 2);
      if (!second.run.ended) await stage.review('ravi-reviewer', second);
      return stage.outcome(
        first.run.id,
        'path-outside-target',
        second.findings.map(({ rule }) => String(rule)),
      );
    },
  },
  {
    id: 'owners-changed-between-the-votes',
    tries: 'the base branch names other owners between the votes',
    guard: 'owners-now',
    refusal: 'QUORUM_RAISED',
    run: changedBetween('QUORUM_RAISED', async (stage) => {
      const before = SEED_FILES[OWNERS];
      await stage.mergeByHand(OWNERS, `${before}/environments/pair/ @rosa-as-she-is-now\n`);
      return () => stage.mergeByHand(OWNERS, before);
    }),
  },
];
