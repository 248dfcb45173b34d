import type { RunDetail } from '@planwarden/contracts';
import { safeAddress } from '../ui/safe-address.js';
import { shortDigest } from '../words/run-words.js';

/** What was reviewed, what became of it, and what nobody looked at. It asks nobody to decide. */
export function ReviewPanel({ detail }: { readonly detail: RunDetail }) {
  const { review, request } = detail;
  const of = review?.pullRequest ?? request.pullRequest ?? null;
  return (
    <section className="panel" aria-labelledby="review-heading">
      <h2 id="review-heading">Review</h2>
      <p>
        {of === null ? (
          'Of the files in the request.'
        ) : (
          <>
            Of pull request{' '}
            {review?.pullRequest ? (
              <a href={safeAddress(review.pullRequest.url)} rel="noreferrer">
                #{of.number}
              </a>
            ) : (
              `#${of.number}`
            )}{' '}
            at commit <code>{shortDigest(of.sha)}</code>.
          </>
        )}
      </p>
      {review === null ? <p className="quiet">Nothing has been found yet.</p> : <Outcome review={review} />}
    </section>
  );
}

function Outcome({ review }: { readonly review: NonNullable<RunDetail['review']> }) {
  const { denies, posted, notCovered } = review;
  return (
    <>
      <p>
        <strong>{denies ? 'At least one finding denies.' : 'No finding denies.'}</strong>{' '}
        {posted === null ? null : (
          <>
            <a href={safeAddress(posted.url)} rel="noreferrer">
              {posted.event === 'COMMENT' ? 'Posted as a comment' : 'Posted as a request for changes'}
            </a>
            , {posted.onLines} of its comments at lines of the diff.
          </>
        )}
      </p>
      {posted === null || posted.headSha === review.pullRequest?.sha ? null : (
        <p>
          The branch has moved since, to <code>{shortDigest(posted.headSha)}</code>: this review does not see what came
          after.
        </p>
      )}
      <h3>Not looked at</h3>
      <ul>
        {notCovered.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </>
  );
}
