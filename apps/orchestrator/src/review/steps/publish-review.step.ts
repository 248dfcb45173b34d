import { done, type Reconciled, type RunRecord, type Step, type StepOutcome } from '@planwarden/runs';
import type { ChangeServices } from '../../change/change.services.js';
import { end } from '../../change/outcomes.js';
import { requestOf } from '../../change/run-request.js';
import { notCoveredBy } from '../not-covered.js';
import { findPosted, postReview } from '../post-review.js';
import { postedReview, publishRecord, reviewFilesRecord, reviewSourceRecord } from '../review.records.js';
import { isCommitOf } from './read-files.step.js';

/**
 * One review on the pull request, of exactly the commit that was read: a comment, or a wish for changes where something
 * denies; never an approval. Files that came with the request have no pull request: their findings are the answer.
 */
export function publishReviewStep(services: ChangeServices): Step {
  return {
    name: 'publish-review',
    state: 'publishing',
    effects: [
      {
        name: 'review',
        kind: 'once',
        race: {
          key: 'run id hidden in the text of the review',
          guard:
            'one pending review an account and pull request; a lock of ours keeps the runs of one pull request apart',
          asks: 'reviews of our author account with that run id, all pages',
          leaves: 'one review; or two that say the same: the run that sees both ends `EFFECT_DOUBLE`',
        },
        key: (run) => `review/${run.id}`,
        reconcile: ({ run }) => reconcile(services, run),
      },
    ],
    execute: async (context) => {
      const { run } = context;
      const target = services.config.target(run.target);
      const read = await context.output('read-files', reviewFilesRecord);
      const { findings, denies } = await context.output('check-source', reviewSourceRecord);
      if (read.pullRequest === null) {
        return done('no pull request: the findings are the answer', publishRecord.parse({ posted: null }));
      }
      const { number, sha } = read.pullRequest;
      // One account has one pending review on a pull request: two runs must not write into it at once.
      if (!(await context.takeLock(`review:${target.repository.owner}/${target.repository.name}#${number}`))) {
        return {
          kind: 'wait',
          reason: 'lock',
          message: 'another review of this pull request is being written',
          forMs: 500,
        };
      }
      const isThere = (await findPosted(services, target, number, run.id)).length > 0;
      const pull = await services.sourceControl(target).pullRequest(number);
      if (!isThere) {
        if (pull.state !== 'open') return gone(`pull request ${number} is ${pull.state} now`, 'PR_CLOSED');
        if (!(await isCommitOf(services, target, pull.headSha, sha))) {
          return gone('the commit is no longer one of the pull request', 'HEAD_MOVED');
        }
      }
      const notes = notCoveredBy(target, read);
      const posted = await context.effect('review', postedReview, () =>
        postReview(services, context, { target, pull, sha, findings, denies, notes }),
      );
      const moved = posted.headSha === sha ? '' : `; the branch has moved to ${posted.headSha.slice(0, 12)} since`;
      return done(`review posted as ${posted.event}${moved}`, publishRecord.parse({ posted }));
    },
  };
}

const gone = (message: string, code: string): StepOutcome =>
  end('superseded', code, message, 'Ask for a review of what is there now.');

async function reconcile(services: ChangeServices, run: RunRecord): Promise<Reconciled> {
  const target = services.config.target(run.target);
  const asked = requestOf(run).pullRequest;
  const found = asked === undefined ? [] : await findPosted(services, target, asked.number, run.id);
  const [review] = found;
  if (review === undefined) return { found: 'absent' };
  if (found.length > 1) return { found: 'double', message: `${found.length} reviews of this run` };
  const { headSha } = await services.sourceControl(target).pullRequest(asked?.number ?? 0);
  const onLines = await services.sourceControl(target).commentsOfReview(asked?.number ?? 0, review.id);
  const event = review.state === 'CHANGES_REQUESTED' ? 'REQUEST_CHANGES' : 'COMMENT';
  return { found: 'present', result: { id: review.id, event, url: review.html_url, onLines, headSha } };
}
