import type { RunDetail, SessionView, Vote } from '@planwarden/contracts';
import { useState } from 'react';
import { BreakGlassForm } from '../gate/break-glass-form.js';
import { GlassUntil } from '../gate/glass-until.js';
import { useAnnounce } from '../ui/announcer.js';
import { Time } from '../ui/time.js';
import { sentence, shortDigest } from '../words/run-words.js';
import { VoteForm } from './vote-form.js';

type Approval = NonNullable<RunDetail['approval']>;

interface ApprovalPanelProps {
  readonly detail: RunDetail;
  readonly session: SessionView;
}

/** Who has decided, what is missing, and the signed-in person's own part in it. */
export function ApprovalPanel({ detail, session }: ApprovalPanelProps) {
  const { approval, run } = detail;
  if (approval === null) return null;
  const isOpen = run.state === 'awaiting_approval';
  return (
    <section className={isOpen ? 'panel panel--gate' : 'panel'} aria-labelledby="approval-heading">
      <h2 id="approval-heading">Approval</h2>
      <dl className="facts">
        <div>
          <dt>Subject</dt>
          <dd>
            <code title={approval.subjectDigest}>{shortDigest(approval.subjectDigest)}</code>, round{' '}
            {approval.subject.round}
          </dd>
        </div>
        <div>
          <dt>Votes</dt>
          <dd>
            {approval.tally.approvals.length} of {approval.tally.quorum} needed
          </dd>
        </div>
        {isOpen ? (
          <div>
            <dt>Expires</dt>
            <dd>
              <Time at={approval.subject.expiresAt} />
            </dd>
          </div>
        ) : null}
      </dl>
      {isOpen && approval.tally.missing.length > 0 ? (
        <ul className="missing">
          {approval.tally.missing.map((text) => (
            <li key={text}>{sentence(text)}</li>
          ))}
        </ul>
      ) : null}
      {approval.tally.selfApproved.length === 0 ? null : (
        <p className="notice">
          self_approved: {approval.tally.selfApproved.join(', ')} asked for this and approved it with a passkey, because
          nobody else in people could.
        </p>
      )}
      {detail.freeze === null ? null : (
        <p className="notice">
          Held whatever the votes: frozen by {detail.freeze.by}: {sentence(detail.freeze.reason, false)}
        </p>
      )}
      {detail.breakGlass.map((glass) => (
        <p className="notice" key={glass.id}>
          <span>
            {glass.by} broke the glass for this run <GlassUntil at={glass.until} />: {sentence(glass.reason, false)}
          </span>
        </p>
      ))}
      {isOpen && approval.tally.reached ? <p>Enough people approved.</p> : null}
      <Votes approval={approval} />
      {isOpen ? <OwnPart key={run.id} detail={detail} approval={approval} session={session} /> : null}
    </section>
  );
}

function Votes({ approval }: { readonly approval: Approval }) {
  const { approvals, rejects, uncounted, mayVote, quorum } = approval.tally;
  // While votes are missing, what is missing says it already.
  const others = approvals.length < quorum ? [] : mayVote;
  const row = (vote: Vote, words: string, why?: string) => (
    <li key={`${vote.road} ${vote.reference}`}>
      <span>
        <strong>{vote.person ?? `GitHub account ${vote.githubId ?? 'unknown'}`}</strong> {words}{' '}
        {vote.road === 'web' ? 'here' : 'on the pull request'}
        {vote.assurance === 'presence' ? ', with a passkey' : ''}, <Time at={vote.at} />
      </span>
      {vote.reason === '' ? null : <q className="quote">{vote.reason}</q>}
      {why === undefined ? null : <span className="warn">Does not count: {sentence(why, false)}</span>}
    </li>
  );
  return (
    <>
      <ul className="votes">
        {rejects.map((vote) => row(vote, 'rejected'))}
        {approvals.map((vote) => row(vote, 'approved'))}
        {uncounted.map(({ vote, message }) =>
          row(vote, vote.decision === 'approve' ? 'approved' : 'rejected', message),
        )}
      </ul>
      {others.length === 0 ? null : <p className="quiet">May vote: {others.join(', ')}.</p>}
    </>
  );
}

interface OwnPartProps {
  readonly detail: RunDetail;
  readonly approval: Approval;
  readonly session: SessionView;
}

/**
 * The vote goes to the digest the person has in view. When the subject changes under their eyes the buttons go away
 * until they ask for the new one, so that no click lands on something unread.
 */
function OwnPart({ detail, approval, session }: OwnPartProps) {
  const announce = useAnnounce();
  const [shown, setShown] = useState(approval.subjectDigest);
  const { tally, you, subjectDigest } = approval;
  if (shown !== subjectDigest) {
    return (
      <div className="notice" role="alert">
        <p>
          What is to be approved has changed since you opened this page. Plan, findings and files here are the new ones.
        </p>
        <button
          type="button"
          className="button"
          onClick={() => {
            setShown(subjectDigest);
            announce(`Now voting on ${shortDigest(subjectDigest)}`);
          }}
        >
          I have looked: vote on {shortDigest(subjectDigest)}
        </button>
      </div>
    );
  }
  const mine = [...tally.approvals, ...tally.rejects].find((vote) => vote.person === session.person.id);
  const why = sentence(you.why ?? 'you lack the role', false);
  if (!you.mayVote && !you.mayReject) return <p className="notice">You cannot vote here: {why}</p>;
  return (
    <>
      {you.mayVote ? null : (
        <p className="notice">
          You can reject this, but not approve it: {why} A reject of yours stands for this round.
        </p>
      )}
      <VoteForm
        run={detail.run.id}
        digest={shown}
        mine={mine}
        mayApprove={you.mayVote}
        needsPresence={you.needsPresence}
      />
      {you.mayVote ? <BreakGlassForm detail={detail} digest={shown} /> : null}
    </>
  );
}
