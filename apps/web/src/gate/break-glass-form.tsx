import type { RunDetail } from '@planwarden/contracts';
import { useId, useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { useAnnounce } from '../ui/announcer.js';
import { ErrorBox } from '../ui/error-box.js';
import { breakGlassChallenge } from './challenges.js';
import { countingIds, useBreakGlass, usePasskeys } from './gate.queries.js';
import { assertPresence } from './passkey.js';

interface BreakGlassFormProps {
  readonly detail: RunDetail;
  /** The digest the person has in view. */
  readonly digest: string;
}

/** Where a freeze, a role or an owner holds what cannot wait: says so, everywhere, and lets this one run pass. */
export function BreakGlassForm({ detail, digest }: BreakGlassFormProps) {
  const { run, freeze, approval } = detail;
  const announce = useAnnounce();
  const passkeys = usePasskeys();
  const act = useBreakGlass(run.id);
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState(15);
  const [failure, setFailure] = useState<unknown>(null);
  const id = useId();
  const asksFor = approval?.tally.demands;
  const holds = freeze !== null || (asksFor?.owners.length ?? 0) > 0 || Object.keys(asksFor?.roles ?? {}).length > 0;
  if (!holds) return null;

  const send = async () => {
    setFailure(null);
    const ids = countingIds(passkeys.data);
    try {
      const presence =
        ids.length === 0 ? {} : { presence: await assertPresence(await breakGlassChallenge(digest), ids) };
      await act.mutateAsync({ subjectDigest: digest, reason: reason.trim(), minutes, ...presence });
      announce('The glass is broken for this run.');
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <details className="fold">
      <summary>Break the glass for this run…</summary>
      <p>
        Lifts the freeze, and who must be among the voters, for this run alone and for some minutes. Votes, policy and
        plan still hold. It is said on the pull request, in the journal and on every page.
      </p>
      {failure === null ? null : <ErrorBox error={errorBodyOf(failure)} heading="Not done:" takesFocus />}
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label htmlFor={`${id}-reason`}>What is at stake</label>
        <input
          id={`${id}-reason`}
          required
          minLength={10}
          maxLength={2000}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <label htmlFor={`${id}-minutes`}>Minutes</label>
        <input
          id={`${id}-minutes`}
          type="number"
          min={1}
          max={60}
          value={minutes}
          onChange={(event) => setMinutes(Number(event.target.value))}
        />
        <button type="submit" className="button button--reject" disabled={act.isPending}>
          Break the glass
        </button>
      </form>
    </details>
  );
}
