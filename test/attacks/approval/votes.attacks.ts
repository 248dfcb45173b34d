import { createHash } from 'node:crypto';
import type { Attack } from '../attack.js';
import { codesOf, type RunSeen, type Stage } from '../stage.js';
import { secondRound } from './rounds.js';

/** Attacks by what a vote names. */

/** Asks tess for another review, as anybody who may write can. */
async function askAgain(stage: Stage, seen: RunSeen): Promise<void> {
  const at = `/pulls/${seen.pullRequest?.number}/requested_reviewers`;
  const asked = await stage.github('mallory', 'POST', at, { reviewers: ['tess-third'] });
  if (asked.status !== 201) throw new Error('the review could not be asked for again');
}

export const VOTE_ATTACKS: readonly Attack[] = [
  {
    id: 'review-of-earlier-round',
    tries: 'a review of the evidence of an earlier round is meant for this one',
    guard: 'vote-commit',
    refusal: 'VOTE_ON_OTHER_COMMIT',
    run: async (stage) => {
      const { first, second } = await secondRound(stage);
      await stage.review('ravi-reviewer', second, 'APPROVE', first.pullRequest?.evidenceSha ?? '');
      return stage.outcome(second.run.id, 'VOTE_ON_OTHER_COMMIT');
    },
  },
  {
    id: 'review-of-code-commit',
    tries: 'a review of the code commit, which names no subject',
    guard: 'vote-commit',
    refusal: 'VOTE_ON_OTHER_COMMIT',
    run: async (stage) => {
      const seen = await stage.fresh();
      const evidence = seen.pullRequest?.evidenceSha ?? '';
      const commit = await stage.github('mallory', 'GET', `/git/commits/${evidence}`);
      const code = String((commit.body.parents as { sha: string }[])[0]?.sha);
      await stage.review('ravi-reviewer', seen, 'APPROVE', code);
      return stage.outcome(seen.run.id, 'VOTE_ON_OTHER_COMMIT');
    },
  },
  {
    id: 'review-on-another-pull-request',
    tries: 'a review on the pull request of another run is meant for this one',
    guard: 'vote-commit',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const [meant, other] = [await stage.fresh(), await stage.fresh('pair')];
      // GitHub itself takes no review of a commit that is not in the pull request.
      await stage.tryReview('ravi-reviewer', other, 'APPROVE', meant.pullRequest?.evidenceSha ?? '');
      await stage.review('ravi-reviewer', other);
      return stage.outcome(meant.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'stale-page-votes',
    tries: 'a page that shows an earlier round votes',
    guard: 'vote-digest',
    refusal: 'SUBJECT_CHANGED',
    run: async (stage) => {
      const { first, second } = await secondRound(stage);
      const said = await stage.vote('reviewer', second, first.approval?.subjectDigest);
      return stage.outcome(second.run.id, 'SUBJECT_CHANGED', codesOf(said));
    },
  },
  {
    id: 'digest-of-another-run',
    tries: 'a vote names the subject of another run',
    guard: 'vote-digest',
    refusal: 'SUBJECT_CHANGED',
    run: async (stage) => {
      const [meant, other] = [await stage.fresh(), await stage.fresh('pair')];
      const said = await stage.vote('reviewer', meant, other.approval?.subjectDigest);
      return stage.outcome(meant.run.id, 'SUBJECT_CHANGED', codesOf(said));
    },
  },
  {
    id: 'subject-of-another-installation',
    tries: 'a vote names the same change as another installation would have put it',
    guard: 'vote-digest',
    refusal: 'SUBJECT_CHANGED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const ask = await stage.as('watcher');
      const { body } = await ask('GET', `/api/v1/runs/${seen.run.id}`);
      const { subject } = body.approval as { subject: Record<string, unknown> };
      // Keys of the subject come sorted: this is its canonical form, but for the installation.
      const foreign = JSON.stringify({ ...subject, installation: `ins_${'0'.repeat(32)}` });
      const digest = `sha256:${createHash('sha256').update(foreign).digest('hex')}`;
      const said = await stage.vote('reviewer', seen, digest);
      return stage.outcome(seen.run.id, 'SUBJECT_CHANGED', codesOf(said));
    },
  },
  {
    id: 'dismissed-review',
    tries: 'a review that was dismissed goes on counting',
    guard: 'review-state',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      const { body } = await stage.review('ravi-reviewer', seen);
      const at = `/pulls/${seen.pullRequest?.number}/reviews/${body.id}/dismissals`;
      await stage.github('mallory', 'PUT', at, { message: 'Not yet.' });
      await stage.review('tess-third', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'comment-as-approval',
    tries: 'a review that only comments passes for an approval',
    guard: 'review-state',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh();
      await stage.review('ravi-reviewer', seen, 'COMMENT');
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'second-thoughts-beyond-page-one',
    tries: 'a change of mind is buried under a hundred comments, and taken back',
    guard: 'all-pages',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.review('tess-third', seen);
      for (let count = 0; count < 100; count += 1) await stage.review('mallory', seen, 'COMMENT');
      const { body } = await stage.review('tess-third', seen, 'REQUEST_CHANGES');
      const at = `/pulls/${seen.pullRequest?.number}/reviews/${body.id}/dismissals`;
      await stage.github('tess-third', 'PUT', at, { message: 'Never mind.' });
      await stage.vote('reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'review-body-edited',
    tries: 'a review that only comments is edited to read as an approval',
    guard: 'review-state',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh();
      const { body } = await stage.review('ravi-reviewer', seen, 'COMMENT');
      const at = `/pulls/${seen.pullRequest?.number}/reviews/${body.id}`;
      const words = `/planwarden approve ${seen.approval?.subjectDigest.slice(7, 19)}`;
      const edited = await stage.github('ravi-reviewer', 'PUT', at, { body: words });
      if (edited.status !== 200) throw new Error('the review could not be edited');
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'reject-dismissed-by-another',
    tries: 'somebody who may write dismisses the reject of an approver',
    guard: 'reject-dismissed',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh();
      const { body } = await stage.review('tess-third', seen, 'REQUEST_CHANGES');
      const at = `/pulls/${seen.pullRequest?.number}/reviews/${body.id}/dismissals`;
      await stage.github('mallory', 'PUT', at, { message: 'Never mind her.' });
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'reject-re-requested-away',
    tries: 'a review that asks for changes is asked for again, so that it looks open',
    guard: 'reject',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh();
      await stage.review('tess-third', seen, 'REQUEST_CHANGES');
      await askAgain(stage, seen);
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 'reject-first-of-page-two',
    tries: 'page one is filled to its end, the product looks, then the reject comes as the first of page two',
    guard: 'full-page',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.comment('tess-third', seen, `/planwarden approve ${seen.approval?.subjectDigest.slice(7, 19)}`);
      for (let count = 1; count < 100; count += 1) await stage.comment('mallory', seen, 'Nice.');
      // Whoever opens the run's page has everything read.
      const ask = await stage.as('watcher');
      await ask('GET', `/api/v1/runs/${seen.run.id}`);
      await stage.comment('tess-third', seen, `/planwarden reject ${seen.approval?.subjectDigest.slice(7, 19)}`);
      await stage.vote('reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
  {
    id: 're-requested-beyond-page-one',
    tries: 'a reject is buried under a hundred comments, and the review asked for again',
    guard: 'all-pages',
    refusal: 'VOTE_REJECTED',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      await stage.review('tess-third', seen);
      for (let count = 0; count < 100; count += 1) await stage.review('mallory', seen, 'COMMENT');
      await stage.review('tess-third', seen, 'REQUEST_CHANGES');
      await askAgain(stage, seen);
      await stage.vote('reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTE_REJECTED');
    },
  },
];
