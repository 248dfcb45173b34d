import type { Attack } from '../attack.js';
import { type Account, noteOf, type RunSeen, type Stage } from '../stage.js';
import { secondRound } from './rounds.js';

/** Attacks by comments on the pull request. */

const named = ({ approval }: RunSeen): string => (approval?.subjectDigest ?? '').slice('sha256:'.length).slice(0, 12);
const approve = (seen: RunSeen): string => `/planwarden approve ${named(seen)}`;

/** One account writes the command on a fresh run. */
const commentBy =
  (account: Account, refusal: string, words: (seen: RunSeen) => string = approve) =>
  async (stage: Stage) => {
    const seen = await stage.fresh();
    await stage.comment(account, seen, words(seen));
    return stage.outcome(seen.run.id, refusal);
  };

/** The command stands in a comment that says something else. */
const TALK: readonly [id: string, tries: string, words: (seen: RunSeen) => string][] = [
  [
    'comment-quotes-the-command',
    'an approver quotes the command to ask about it',
    (seen) => `> ${approve(seen)}\n\nWho?`,
  ],
  [
    'comment-in-a-code-block',
    'an approver shows the command in a code block',
    (seen) => `\`\`\`\n${approve(seen)}\n\`\`\``,
  ],
  ['comment-below-other-text', 'the command stands below other text', (seen) => `Not before noon.\n${approve(seen)}`],
  [
    'comment-in-a-sentence',
    'an approver says not to write the command',
    (seen) => `Do not write ${approve(seen)} yet.`,
  ],
];

export const COMMENT_ATTACKS: readonly Attack[] = [
  {
    id: 'comment-edited-by-another',
    tries: "somebody who may write turns an approver's question into a command",
    guard: 'comment-unedited',
    refusal: 'VOTE_EDITED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const id = await stage.comment('ravi-reviewer', seen, 'What is this for?');
      await stage.github('mallory', 'PATCH', `/issues/comments/${id}`, { body: approve(seen) });
      return stage.outcome(seen.run.id, 'VOTE_EDITED');
    },
  },
  {
    id: 'reject-edited-into-approval',
    tries: "an approver's reject by comment is edited into an approval",
    guard: 'comment-unedited',
    refusal: 'VOTE_EDITED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const id = await stage.comment('ravi-reviewer', seen, `/planwarden reject ${named(seen)}`);
      await stage.github('mallory', 'PATCH', `/issues/comments/${id}`, { body: approve(seen) });
      return stage.outcome(seen.run.id, 'VOTE_EDITED');
    },
  },
  {
    id: 'reject-edited-away',
    tries: "somebody who may write turns an approver's reject by comment into a harmless remark",
    guard: 'reject-edited',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const id = await stage.comment('tess-third', seen, `/planwarden reject ${named(seen)}`);
      await stage.github('mallory', 'PATCH', `/issues/comments/${id}`, { body: 'Looks fine to me.' });
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'reject-deleted',
    tries: "somebody who may write deletes an approver's reject by comment",
    guard: 'reject-deleted',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const id = await stage.comment('tess-third', seen, `/planwarden reject ${named(seen)}`);
      await stage.world.until(seen.run.id, ({ approval }) => /rejects/.test(approval?.missing.join() ?? ''));
      const { status } = await stage.github('mallory', 'DELETE', `/issues/comments/${id}`);
      if (status !== 204) throw new Error('the comment could not be deleted');
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'comment-of-earlier-round',
    tries: 'a comment that names the subject of an earlier round is meant for this one',
    guard: 'comment-digest',
    refusal: 'VOTE_ON_EARLIER_ROUND',
    run: async (stage) => {
      const { first, second } = await secondRound(stage);
      await stage.comment('ravi-reviewer', second, approve(first));
      return stage.outcome(second.run.id, 'VOTE_ON_EARLIER_ROUND');
    },
  },
  {
    id: 'comment-names-another-run',
    tries: 'a comment names the subject of another run',
    guard: 'comment-digest',
    refusal: 'SUBJECT_CHANGED',
    run: async (stage) => {
      const [meant, other] = [await stage.fresh(), await stage.fresh('pair')];
      await stage.comment('ravi-reviewer', meant, approve(other));
      return stage.outcome(meant.run.id, 'SUBJECT_CHANGED');
    },
  },
  {
    id: 'comment-names-one-digit',
    tries: 'a command names one digit of the subject, so that it fits many',
    guard: 'comment-digits',
    refusal: 'VOTE_MALFORMED',
    run: commentBy('ravi-reviewer', 'VOTE_MALFORMED', (seen) => `/planwarden approve ${named(seen)[0]}`),
  },
  {
    id: 'comment-by-app',
    tries: 'an App whose bot somebody put among the approvers comments the command',
    guard: 'comment-bot',
    refusal: 'VOTER_IS_BOT',
    run: commentBy('helper', 'VOTER_IS_BOT'),
  },
  {
    id: 'comment-by-stranger',
    tries: 'an account with write access that is nobody in people comments the command',
    guard: 'people',
    refusal: 'VOTER_UNKNOWN',
    run: commentBy('mallory', 'VOTER_UNKNOWN'),
  },
  {
    id: 'comment-by-requester',
    tries: "the agent comments the command with its human's account",
    guard: 'requester',
    refusal: 'VOTER_IS_REQUESTER',
    run: commentBy('olivia-owner', 'VOTER_IS_REQUESTER'),
  },
  {
    id: 'comment-by-pusher',
    tries: 'an approver pushes to the branch and approves what she pushed by a comment',
    guard: 'author',
    refusal: 'VOTER_IS_AUTHOR',
    run: async (stage) => {
      const first = await stage.fresh();
      await stage.push('ravi-reviewer', first.pullRequest?.branch ?? '', { [noteOf(first)]: `# ${first.run.id}\n` });
      await stage.review('ravi-reviewer', first);
      const second = await stage.round(first.run.id, 2);
      await stage.comment('ravi-reviewer', second, approve(second));
      return stage.outcome(first.run.id, 'VOTER_IS_AUTHOR');
    },
  },
  ...TALK.map(
    ([id, tries, words]): Attack => ({
      id,
      tries,
      guard: 'comment-first-line',
      refusal: 'VOTES_BELOW_QUORUM',
      run: commentBy('ravi-reviewer', 'VOTES_BELOW_QUORUM', words),
    }),
  ),
];
