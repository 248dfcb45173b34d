import type { Attack } from '../attack.js';
import { MALLORY } from '../installation.js';
import { type Account, codesOf, noteOf, type Stage } from '../stage.js';

/** Attacks by who votes. */

/** One account reviews the evidence commit of a fresh run. */
const reviewBy = (account: Account, refusal: string) => async (stage: Stage) => {
  const seen = await stage.fresh();
  await stage.review(account, seen);
  return stage.outcome(seen.run.id, refusal);
};
/** One person votes in the pages on a fresh run. */
const voteBy = (person: string, refusal: string) => async (stage: Stage) => {
  const seen = stage.isGuardOff ? await stage.fresh() : await stage.shared();
  const said = await stage.vote(person, seen);
  if (said.status >= 400 && !stage.isGuardOff) return { refusals: codesOf(said), gained: false };
  return stage.outcome(seen.run.id, refusal, codesOf(said));
};

export const VOTER_ATTACKS: readonly Attack[] = [
  {
    id: 'self-review-by-owner-account',
    tries: "the agent reviews its own change with its human's account",
    guard: 'requester',
    refusal: 'VOTER_IS_REQUESTER',
    run: reviewBy('olivia-owner', 'VOTER_IS_REQUESTER'),
  },
  {
    id: 'self-vote-by-owner-session',
    tries: 'the person for whom the agent asked votes in the pages',
    guard: 'requester',
    refusal: 'VOTER_IS_REQUESTER',
    run: voteBy('owner', 'VOTER_IS_REQUESTER'),
  },
  {
    id: 'self-vote-on-own-form',
    tries: 'a person who asked by the form approves her own request',
    guard: 'requester',
    refusal: 'VOTER_IS_REQUESTER',
    run: async (stage) => {
      const ask = await stage.as('third');
      const asked = await ask('POST', '/api/v1/runs', {
        target: 'staging',
        title: 'Run nginx',
        reason: 'By form.',
        template: {
          name: 'web-application',
          parameters: { name: 'by-form', image: 'nginxinc/nginx-unprivileged:1.27.3', replicas: 1 },
        },
      });
      const seen = await stage.round(String(asked.body.id), 1);
      const said = await stage.vote('third', seen);
      return stage.outcome(seen.run.id, 'VOTER_IS_REQUESTER', codesOf(said));
    },
  },
  {
    id: 'pusher-approves',
    tries: 'an approver pushes to the branch and approves what she pushed',
    guard: 'author',
    refusal: 'VOTER_IS_AUTHOR',
    run: async (stage) => {
      const first = await stage.fresh();
      await stage.push('ravi-reviewer', first.pullRequest?.branch ?? '', {
        [noteOf(first)]: `# ${first.run.id}\n`,
      });
      await stage.review('ravi-reviewer', first);
      const second = await stage.round(first.run.id, 2);
      await stage.review('ravi-reviewer', second);
      return stage.outcome(first.run.id, 'VOTER_IS_AUTHOR');
    },
  },
  {
    id: 'pusher-under-another-name',
    tries: 'an approver pushes a commit that names somebody else as its author, and approves it',
    guard: 'pusher',
    refusal: 'VOTER_IS_AUTHOR',
    run: async (stage) => {
      const first = await stage.fresh();
      const author = { name: MALLORY.login, email: MALLORY.email };
      const files = { [noteOf(first)]: `# ${first.run.id}\n` };
      await stage.push('ravi-reviewer', first.pullRequest?.branch ?? '', files, { author });
      await stage.review('ravi-reviewer', first);
      const second = await stage.round(first.run.id, 2);
      await stage.review('ravi-reviewer', second);
      return stage.outcome(first.run.id, 'VOTER_IS_AUTHOR');
    },
  },
  {
    id: 'suggestion-approved-by-its-writer',
    tries: 'an approver suggests a change, somebody else commits the suggestion, and the approver approves it',
    guard: 'co-author',
    refusal: 'VOTER_IS_AUTHOR',
    run: async (stage) => {
      const first = await stage.fresh();
      const message = 'Apply suggestion\n\nCo-authored-by: Ravi <ravi-reviewer@example.test>';
      const files = { [noteOf(first)]: `# ${first.run.id}\n` };
      await stage.push('mallory', first.pullRequest?.branch ?? '', files, { message });
      await stage.review('ravi-reviewer', first);
      const second = await stage.round(first.run.id, 2);
      await stage.review('ravi-reviewer', second);
      return stage.outcome(first.run.id, 'VOTER_IS_AUTHOR');
    },
  },
  {
    id: 'commit-of-nobody',
    tries: 'a commit under a name that belongs to no account is slipped in and approved',
    guard: 'author-unknown',
    refusal: 'AUTHOR_UNKNOWN',
    run: async (stage) => {
      const first = await stage.fresh();
      const author = { name: 'Nobody', email: 'nobody@nowhere.test' };
      await stage.push(
        'mallory',
        first.pullRequest?.branch ?? '',
        { [noteOf(first)]: `# ${first.run.id}\n` },
        { author },
      );
      await stage.review('ravi-reviewer', first);
      const second = await stage.round(first.run.id, 2);
      await stage.review('ravi-reviewer', second);
      return stage.outcome(first.run.id, 'AUTHOR_UNKNOWN');
    },
  },
  {
    id: 'viewer-reviews',
    tries: 'somebody who may look but not approve reviews',
    guard: 'role',
    refusal: 'VOTER_LACKS_ROLE',
    run: reviewBy('walt-watcher', 'VOTER_LACKS_ROLE'),
  },
  {
    id: 'viewer-votes',
    tries: 'somebody who may look but not approve votes in the pages',
    guard: 'role',
    refusal: 'VOTER_LACKS_ROLE',
    run: voteBy('watcher', 'VOTER_LACKS_ROLE'),
  },
  {
    id: 'viewer-discards',
    tries: 'somebody who may look but not approve ends a run for good',
    guard: 'role',
    refusal: 'VOTER_LACKS_ROLE',
    run: async (stage) => {
      const seen = await stage.shared();
      const ask = await stage.as('watcher');
      const said = await ask('POST', `/api/v1/runs/${seen.run.id}/discard`, { reason: 'No.' });
      return { refusals: codesOf(said), gained: said.status === 202 };
    },
  },
  {
    id: 'role-taken-after-the-vote',
    tries: 'a vote outlives the role of who gave it',
    guard: 'role',
    refusal: 'VOTER_LACKS_ROLE',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.review('tess-third', seen);
      const back = stage.configure((yaml) => yaml.replace(/(tess-third[\s\S]*?staging: )approver/, '$1viewer'));
      try {
        await stage.review('ravi-reviewer', seen);
        return await stage.outcome(seen.run.id, 'VOTER_LACKS_ROLE');
      } finally {
        back();
      }
    },
  },
  {
    id: 'stranger-reviews',
    tries: 'an account with write access that is nobody in people reviews',
    guard: 'people',
    refusal: 'VOTER_UNKNOWN',
    run: reviewBy('mallory', 'VOTER_UNKNOWN'),
  },
  {
    id: 'name-taken-over',
    tries: "an account that took an approver's old name reviews",
    guard: 'numeric-ids',
    refusal: 'VOTER_UNKNOWN',
    run: reviewBy('taker', 'VOTER_UNKNOWN'),
  },
  {
    id: 'bot-in-disguise',
    tries: 'an App whose bot somebody put among the approvers reviews',
    guard: 'bot',
    refusal: 'VOTER_IS_BOT',
    run: reviewBy('helper', 'VOTER_IS_BOT'),
  },
  {
    id: 'one-of-two',
    tries: 'one vote where two are asked for',
    guard: 'quorum',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'webhook-tells-of-a-vote',
    tries: 'a delivery, signed as it should be, tells of an approval that nobody gave',
    guard: 'quorum',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh();
      const { number, branch, evidenceSha } = seen.pullRequest ?? {};
      await stage.deliver(
        JSON.stringify({
          action: 'submitted',
          review: {
            state: 'approved',
            commit_id: evidenceSha,
            user: { id: 1002, login: 'ravi-reviewer', type: 'User' },
          },
          pull_request: { number, head: { ref: branch } },
        }),
      );
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'one-person-on-two-roads',
    tries: 'one person reviews at GitHub and votes in the pages',
    guard: 'one-person-once',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.review('ravi-reviewer', seen);
      await stage.vote('reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'vote-replayed',
    tries: 'a vote is sent again and again',
    guard: 'one-person-once',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      for (let time = 0; time < 3; time += 1) await stage.vote('reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'approved-over-a-reject',
    tries: 'votes enough are gathered over the reject of an approver',
    guard: 'reject',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh();
      await stage.vote('third', seen, undefined, 'reject');
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'objector-made-an-author',
    tries: 'somebody pushes a commit under the name of an approver who objects, so that the objection does not count',
    guard: 'reject-of-authors',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const first = await stage.fresh();
      const author = { name: 'Tess', email: 'tess-third@example.test' };
      const files = { [noteOf(first)]: `# ${first.run.id}\n` };
      await stage.push('mallory', first.pullRequest?.branch ?? '', files, { author });
      await stage.review('ravi-reviewer', first);
      const second = await stage.round(first.run.id, 2);
      await stage.vote('third', second, undefined, 'reject');
      await stage.review('ravi-reviewer', second);
      return stage.outcome(first.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'reject-by-the-slower-clock',
    tries: 'an approver approves at GitHub, whose clock goes a minute before ours, then rejects in the pages',
    guard: 'two-clocks',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      const { control } = stage.world.at.github;
      control.setClockAhead(60_000);
      try {
        await stage.review('ravi-reviewer', seen);
      } finally {
        control.setClockAhead(0);
      }
      await stage.vote('reviewer', seen, undefined, 'reject');
      await stage.vote('third', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'reject-whose-webhook-was-dropped',
    tries: 'the delivery that tells of a reject is dropped on the way, the approval follows',
    guard: 'reject',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const { control } = stage.world.at.github;
      control.loseWebhooks(true);
      await stage.review('tess-third', seen, 'REQUEST_CHANGES');
      control.loseWebhooks(false);
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'reject-told-after-the-approval',
    tries:
      'the deliveries are held back and turned around: the approval is told first, the reject that came before it last',
    guard: 'reject',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const send = stage.world.at.github.control.holdWebhooks();
      try {
        await stage.review('tess-third', seen, 'REQUEST_CHANGES');
        await stage.review('ravi-reviewer', seen);
      } finally {
        send({ isReversed: true });
      }
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
];
