import type { RunSeen } from '../../e2e/world.js';
import type { Attack } from '../attack.js';
import { noteOf, type Stage } from '../stage.js';
import { changedBeforeEffect, changedBetween, INTENDED, passed } from './changed.js';

/** Attacks that change what was voted on, between vote and confirm and between confirm and effect. */

const LATE_READ = 'repos/get-branch-protection';
const branchOf = (seen: RunSeen): string => seen.pullRequest?.branch ?? '';

async function pushAndForge(stage: Stage, seen: RunSeen, parent?: string): Promise<null> {
  const more = parent === undefined ? {} : { parent };
  await stage.forgeCheck(await stage.push('mallory', branchOf(seen), { [noteOf(seen)]: `# ${seen.run.id}\n` }, more));
  return null;
}

/** Two runs of one target, the first of them approved and held where it merges. */
async function firstAtItsMerge(stage: Stage): Promise<{ one: RunSeen; two: RunSeen; release: () => void }> {
  const [one, two] = [await stage.fresh(), await stage.fresh()];
  const { control } = stage.world.at.github;
  const release = control.pause('pulls/merge');
  await stage.review('ravi-reviewer', one);
  await stage.until(() => control.held('pulls/merge') > 0);
  return { one, two, release };
}

export const FACT_ATTACKS: readonly Attack[] = [
  {
    id: 'file-added-after-evidence',
    tries: 'a file is pushed after the votes, and a CI App calls it good',
    guard: 'head',
    refusal: 'HEAD_MOVED',
    run: changedBetween('HEAD_MOVED', (stage, seen) => pushAndForge(stage, seen)),
  },
  {
    id: 'force-push',
    tries: 'the branch is forced to another history after the votes',
    guard: 'head',
    refusal: 'HEAD_MOVED',
    run: changedBetween('HEAD_MOVED', async (stage, seen) => pushAndForge(stage, seen, await stage.head('main'))),
  },
  {
    id: 'evidence-forged',
    tries: 'the evidence commit is replaced by one that names the same subject over other files',
    guard: 'head',
    refusal: 'HEAD_MOVED',
    run: changedBetween('HEAD_MOVED', async (stage, seen) => {
      const evidence = await stage.github('mallory', 'GET', `/git/commits/${seen.pullRequest?.evidenceSha}`);
      const parent = String((evidence.body.parents as { sha: string }[])[0]?.sha);
      const more = { parent, message: String(evidence.body.message) };
      await stage.forgeCheck(await stage.push('mallory', branchOf(seen), { [noteOf(seen)]: '# forged\n' }, more));
      return null;
    }),
  },
  {
    id: 'forced-to-the-same-tree',
    tries: 'the evidence commit is replaced by another of the same parent, files and words, as if nothing had happened',
    guard: 'head',
    refusal: 'HEAD_MOVED',
    run: changedBetween('HEAD_MOVED', async (stage, seen) => {
      const evidence = await stage.github('mallory', 'GET', `/git/commits/${seen.pullRequest?.evidenceSha}`);
      const parent = String((evidence.body.parents as { sha: string }[])[0]?.sha);
      const more = { parent, message: String(evidence.body.message) };
      await stage.forgeCheck(await stage.push('mallory', branchOf(seen), {}, more));
      return null;
    }),
  },
  {
    id: 'reopened-with-other-files',
    tries: 'the pull request is closed, its branch forced, and opened again',
    guard: 'head',
    refusal: 'HEAD_MOVED',
    run: changedBetween('HEAD_MOVED', async (stage, seen) => {
      const { control } = stage.world.at.github;
      const at = `/pulls/${seen.pullRequest?.number}`;
      // The run must not look while it is closed: that alone would end it.
      control.loseWebhooks(true);
      await stage.github('mallory', 'PATCH', at, { state: 'closed' });
      await stage.github('mallory', 'PATCH', at, { state: 'open' });
      control.loseWebhooks(false);
      return pushAndForge(stage, seen, await stage.head('main'));
    }),
  },
  {
    id: 'push-races-merge',
    tries: 'a push comes after everything was confirmed, before GitHub merges',
    guard: 'merge-sha',
    refusal: 'HEAD_MOVED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const { control } = stage.world.at.github;
      const release = control.pause('pulls/merge');
      await stage.review('ravi-reviewer', seen);
      await stage.until(() => control.held('pulls/merge') > 0);
      await pushAndForge(stage, seen);
      release();
      return stage.outcome(seen.run.id, 'HEAD_MOVED');
    },
  },
  {
    id: 'pointed-at-another-base',
    tries: 'the pull request is pointed at a branch that nobody protects',
    guard: 'base-branch',
    refusal: 'BASE_MOVED',
    run: changedBetween('BASE_MOVED', async (stage, seen) => {
      const name = `aside-${seen.pullRequest?.number}`;
      await stage.github('mallory', 'POST', '/git/refs', { ref: `refs/heads/${name}`, sha: await stage.head('main') });
      await stage.github('mallory', 'PATCH', `/pulls/${seen.pullRequest?.number}`, { base: name });
      return null;
    }),
  },
  {
    id: 'base-moved',
    tries: 'the folder changes on the base branch after the votes',
    guard: 'base',
    refusal: 'BASE_MOVED',
    run: changedBetween('BASE_MOVED', async (stage, seen) => {
      await stage.mergeByHand(`environments/pair/base-${seen.pullRequest?.number}.md`);
      return null;
    }),
  },
  {
    id: 'text-edited',
    tries: 'the plan in the pull request is made to look like another before people vote',
    guard: 'text',
    refusal: 'PR_TEXT_EDITED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const at = `/pulls/${seen.pullRequest?.number}`;
      const before = String((await stage.github('mallory', 'GET', at)).body.body);
      await stage.github('mallory', 'PATCH', at, { body: before.replace('1.27.3', '1.27.9') });
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'PR_TEXT_EDITED');
    },
  },
  {
    id: 'text-edited-and-put-back',
    tries: 'the plan in the pull request is made to look like another, people vote, then the text is put back',
    guard: 'text-since',
    refusal: 'PR_TEXT_EDITED',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      const at = `/pulls/${seen.pullRequest?.number}`;
      const before = String((await stage.github('mallory', 'GET', at)).body.body);
      await stage.github('mallory', 'PATCH', at, { body: before.replace('1.27.3', '1.27.9') });
      await stage.review('ravi-reviewer', seen);
      await stage.github('mallory', 'PATCH', at, { body: before });
      await stage.vote('third', seen);
      return stage.outcome(seen.run.id, 'PR_TEXT_EDITED');
    },
  },
  {
    id: 'cluster-changed',
    tries: 'somebody makes an object by hand that the plan would have made',
    guard: 'live',
    refusal: 'LIVE_CHANGED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const namespace = /staging-case-\d+/.exec(seen.plan?.text ?? '')?.[0] ?? '';
      stage.world.at.kubernetes.control.apply(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { by: 'hand' } } },
        'mallory',
      );
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'LIVE_CHANGED');
    },
  },
  {
    id: 'target-changed-after-the-vote',
    tries: 'the target is configured anew between the votes',
    guard: 'target',
    refusal: 'TARGET_CHANGED',
    run: changedBetween('TARGET_CHANGED', async (stage) =>
      stage.configure((yaml) => yaml.replace(/(name: pair\n[\s\S]*?)owners: \[owner\]/, '$1owners: [third]')),
    ),
  },
  {
    id: 'role-taken-before-the-effect',
    tries: 'the voter loses the role between confirm and merge',
    guard: 'fresh-people',
    refusal: 'VOTER_LACKS_ROLE',
    run: changedBeforeEffect('VOTER_LACKS_ROLE', async (stage) =>
      stage.configure((yaml) => yaml.replace(/(ravi-reviewer[\s\S]*?staging: )approver/, '$1viewer')),
    ),
  },
  {
    id: 'target-changed-before-the-effect',
    tries: 'the target is configured anew between confirm and merge',
    guard: 'fresh-target',
    refusal: 'TARGET_CHANGED',
    run: changedBeforeEffect('TARGET_CHANGED', async (stage) =>
      stage.configure((yaml) => yaml.replace(/(name: staging\n[\s\S]*?)owners: \[owner\]/, '$1owners: [third]')),
    ),
  },
  {
    id: 'withdrawn-while-it-lay',
    tries: 'an approval lies about for more than a minute, the vote behind it is withdrawn, then it is used',
    guard: 'approval-age',
    refusal: 'VOTES_BELOW_QUORUM',
    run: changedBeforeEffect('VOTES_BELOW_QUORUM', async (stage, seen) => {
      const at = `/pulls/${seen.pullRequest?.number}/reviews`;
      const reviews = (await stage.github('mallory', 'GET', at)).body as unknown as { id: number }[];
      await stage.github('mallory', 'PUT', `${at}/${reviews[0]?.id}/dismissals`, { message: 'Withdrawn.' });
      await passed(61_000);
      return null;
    }),
  },
  {
    id: 'merged-by-hand',
    tries: 'somebody merges the pull request by hand, so that it passes for ours',
    guard: 'merged-by',
    refusal: 'PR_MERGED_BY_OTHERS',
    run: async (stage) => {
      const seen = await stage.fresh();
      const { number, evidenceSha } = seen.pullRequest ?? {};
      await stage.github('mallory', 'PUT', `/pulls/${number}/merge`, { sha: evidenceSha });
      const ended = await stage.world.until(seen.run.id, ({ run }) => run.ended);
      return { refusals: [ended.run.outcome?.code ?? ''], gained: ended.run.state === 'applied' };
    },
  },
  {
    id: 'two-confirms-race',
    tries: 'two approved runs of one target reach the merge at the same time',
    guard: 'lock',
    refusal: 'wait:lock',
    rightful: 1,
    run: async (stage) => {
      const { one, two, release } = await firstAtItsMerge(stage);
      const second = stage.holds.next(INTENDED);
      await stage.review('ravi-reviewer', two);
      const seen = await Promise.race([
        second.reached.then(() => 'both'),
        stage.world.until(two.run.id, ({ run }) => run.ended || run.wait?.reason === 'lock').then(() => 'wait:lock'),
      ]);
      second.release();
      await stage.world.call('cancel_run', { run: two.run.id });
      release();
      // Both merged: the folder is what neither of them planned, and no run may end as it should.
      if (seen === 'both') return { refusals: [], gained: true };
      await stage.world.until(one.run.id, ({ run }) => run.ended);
      await stage.world.until(two.run.id, ({ run }) => run.ended);
      return { refusals: [seen], gained: false };
    },
  },
  {
    id: 'confirm-overtaken',
    tries:
      'a run reads the base branch, then another run of the target merges and lets go of the lock, then the first merges',
    guard: 'base-under-lock',
    refusal: 'BASE_MOVED',
    rightful: 1,
    run: async (stage) => {
      const { one, two, release } = await firstAtItsMerge(stage);
      const { control } = stage.world.at.github;
      // Among the last that confirm reads, long after the base.
      const reading = control.pause(LATE_READ);
      await stage.review('ravi-reviewer', two);
      await stage.until(() => control.held(LATE_READ) > 0);
      release();
      await stage.world.until(one.run.id, ({ run }) => run.ended);
      reading();
      return stage.outcome(two.run.id, 'BASE_MOVED');
    },
  },
  {
    id: 'vote-after-expiry',
    tries: 'a vote comes after the subject has expired',
    guard: 'expiry',
    refusal: 'SUBJECT_EXPIRED',
    run: async (stage) => {
      const seen = await stage.fresh('brief');
      await passed(61_000);
      // By then the run may have ended and closed its pull request.
      await stage.tryReview('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'SUBJECT_EXPIRED');
    },
  },
];
