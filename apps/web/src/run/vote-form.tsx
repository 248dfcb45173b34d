import type { Assertion, Vote } from '@planwarden/contracts';
import { useId, useRef, useState } from 'react';
import { ApiError, errorBodyOf } from '../api/api-error.js';
import { useDiscard, useVote } from '../api/queries.js';
import { voteChallenge } from '../gate/challenges.js';
import { countingIds, usePasskeys } from '../gate/gate.queries.js';
import { assertPresence, passkeysRefusal } from '../gate/passkey.js';
import { useAnnounce } from '../ui/announcer.js';
import { ErrorBox } from '../ui/error-box.js';
import { shortDigest } from '../words/run-words.js';

interface VoteFormProps {
  readonly run: string;
  /** The digest the person has in view: this and no other is voted on. */
  readonly digest: string;
  /** The person's vote that counts now, if any. */
  readonly mine: Vote | undefined;
  /** False: this person may reject, and nothing else. */
  readonly mayApprove: boolean;
  /** Whether an approval without a passkey would not be enough. */
  readonly needsPresence: boolean;
}

/** Approve, reject with a reason, or discard; who asked or wrote may only reject. */
export function VoteForm({ run, digest, mine, mayApprove, needsPresence }: VoteFormProps) {
  const announce = useAnnounce();
  const vote = useVote(run);
  const discard = useDiscard(run);
  const [reason, setReason] = useState('');
  const [lacksReason, setLacksReason] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const passkeys = usePasskeys();
  const [presenceFailure, setPresenceFailure] = useState<unknown>(null);
  const credentials = countingIds(passkeys.data);
  const refusal = passkeysRefusal();
  const mayBePresent = credentials.length > 0 && refusal === null;
  const isBusy = vote.isPending || discard.isPending;
  const error = vote.error ?? discard.error ?? presenceFailure;

  const cast = (decision: 'approve' | 'reject', presence?: Assertion) => {
    if (decision === 'reject' && !hasReason()) return;
    discard.reset();
    setPresenceFailure(null);
    vote.mutate(
      { subjectDigest: digest, decision, reason: reason.trim(), ...(presence === undefined ? {} : { presence }) },
      {
        onSuccess: () => {
          setReason('');
          announce(decision === 'approve' ? 'Your approval is recorded.' : 'Your rejection is recorded.');
        },
      },
    );
  };
  const castPresent = async () => {
    vote.reset();
    try {
      cast('approve', await assertPresence(voteChallenge(digest), credentials));
    } catch (failure) {
      setPresenceFailure(failure);
    }
  };
  const hasReason = (): boolean => {
    const has = reason.trim() !== '';
    setLacksReason(!has);
    if (!has) field.current?.focus();
    return has;
  };
  const end = () => {
    if (!hasReason()) return;
    vote.reset();
    discard.mutate({ reason: reason.trim() }, { onSuccess: () => announce('The run is discarded.') });
  };

  const approving = (
    <>
      {mayBePresent ? (
        <button type="button" className="button button--approve" disabled={isBusy} onClick={() => void castPresent()}>
          Approve {shortDigest(digest)} with your passkey
        </button>
      ) : null}
      {needsPresence && mayBePresent ? null : (
        <button type="button" className="button button--approve" disabled={isBusy} onClick={() => cast('approve')}>
          Approve {shortDigest(digest)}
        </button>
      )}
    </>
  );

  return (
    <div className="vote">
      {error === null ? null : (
        <ErrorBox
          key={vote.submittedAt + discard.submittedAt}
          error={errorBodyOf(error)}
          heading={staleWords(error)}
          takesFocus
        />
      )}
      {mine === undefined ? null : (
        <p>
          You have {mine.decision === 'approve' ? 'approved' : 'rejected'} this.{' '}
          {mayApprove ? 'Your last vote counts.' : null}
        </p>
      )}
      <div className={lacksReason ? 'field field--wrong' : 'field'}>
        <label className="field__label" htmlFor={id}>
          Reason
        </label>
        <div className="field__help" id={`${id}-help`}>
          {mayApprove ? 'Needed to reject or discard.' : 'Needed to reject.'}
        </div>
        <textarea
          id={id}
          ref={field}
          rows={2}
          maxLength={2000}
          value={reason}
          aria-describedby={`${id}-help ${id}-error`}
          aria-invalid={lacksReason}
          onChange={(event) => {
            setReason(event.target.value);
            setLacksReason(false);
          }}
        />
        <p className="field__errors" id={`${id}-error`}>
          {lacksReason ? 'Say why.' : ''}
        </p>
      </div>
      {mayApprove && needsPresence && !mayBePresent ? (
        <p className="notice">
          An approval with a passkey is asked for here: {refusal ?? 'you have none that counts yet; see Passkeys'}.
        </p>
      ) : null}
      <div className="vote__buttons">
        {mayApprove ? approving : null}
        <button type="button" className="button button--reject" disabled={isBusy} onClick={() => cast('reject')}>
          Reject
        </button>
        {mayApprove ? <DiscardButtons isBusy={isBusy} discard={end} /> : null}
      </div>
    </div>
  );
}

/** It cannot be taken back, so it is asked twice. */
function DiscardButtons({ isBusy, discard }: { readonly isBusy: boolean; readonly discard: () => void }) {
  const [isDiscarding, setDiscarding] = useState(false);
  if (!isDiscarding)
    return (
      <button type="button" className="button button--quiet" disabled={isBusy} onClick={() => setDiscarding(true)}>
        Discard…
      </button>
    );
  return (
    <>
      <button type="button" className="button button--reject" disabled={isBusy} onClick={discard}>
        Yes, end this run for good
      </button>
      <button type="button" className="button button--quiet" disabled={isBusy} onClick={() => setDiscarding(false)}>
        Keep it
      </button>
    </>
  );
}

/** A 409 says that the page was behind; the run has been read again by then. */
function staleWords(error: unknown): string {
  return error instanceof ApiError && error.status === 409
    ? 'This page was stale and has been read again; nothing was recorded.'
    : 'Not recorded:';
}
