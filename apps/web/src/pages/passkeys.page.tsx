import type { PasskeyList } from '@planwarden/contracts';
import { errorBodyOf } from '../api/api-error.js';
import { useEnrol, usePasskeys, useRevoke } from '../gate/gate.queries.js';
import { passkeysRefusal } from '../gate/passkey.js';
import { useAnnounce } from '../ui/announcer.js';
import { ErrorBox } from '../ui/error-box.js';
import { Loading } from '../ui/loading.js';
import { PageHeading } from '../ui/page-heading.js';
import { Time } from '../ui/time.js';

const BY: Readonly<Record<PasskeyList['passkeys'][number]['enrolledBy'], string>> = {
  operator: 'written down by the operator',
  'first-sign-in': 'enrolled at your first sign-in',
  passkey: 'enrolled with another of your passkeys',
};
const NEXT: Readonly<Record<PasskeyList['nextBy'], string>> = {
  'first-sign-in': 'This is your first sign-in: you can enrol your first passkey now, and only now.',
  passkey: 'A further passkey takes one you have. It does not count for runs that wait already.',
  operator: 'Your first sign-in is over: make a passkey here, and the operator writes it into planwarden.yaml.',
};

/** The passkeys of who is signed in: with one, an approval says that the person was there. */
export function PasskeysPage() {
  const announce = useAnnounce();
  const passkeys = usePasskeys();
  const enrol = useEnrol(passkeys.data);
  const revoke = useRevoke();
  const refusal = passkeysRefusal();
  if (passkeys.data === undefined) {
    return passkeys.error === null ? (
      <Loading what="your passkeys" />
    ) : (
      <ErrorBox error={errorBodyOf(passkeys.error)} />
    );
  }
  const { passkeys: all, nextBy } = passkeys.data;
  const error = enrol.error ?? revoke.error;
  return (
    <section className="narrow">
      <PageHeading title="Passkeys" />
      {error === null ? null : (
        <ErrorBox
          key={enrol.submittedAt + revoke.submittedAt}
          error={errorBodyOf(error)}
          heading="Not done:"
          takesFocus
        />
      )}
      {all.length === 0 ? <p className="empty">You have no passkey yet.</p> : null}
      <ul className="votes">
        {all.map((passkey) => (
          <li key={passkey.credentialId}>
            <span>
              <code>{passkey.credentialId.slice(0, 12)}</code>, {BY[passkey.enrolledBy]}, <Time at={passkey.at} />
              {passkey.counts ? '' : '; no longer counts'}
            </span>
            {passkey.counts && passkey.enrolledBy !== 'operator' ? (
              <button
                type="button"
                className="button button--quiet"
                disabled={revoke.isPending}
                onClick={() =>
                  revoke.mutate(passkey.credentialId, { onSuccess: () => announce('The passkey is revoked.') })
                }
              >
                Revoke {passkey.credentialId.slice(0, 12)}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      <p>{NEXT[nextBy]}</p>
      {refusal === null ? (
        <button
          type="button"
          className="button button--primary"
          disabled={enrol.isPending}
          onClick={() =>
            enrol.mutate(undefined, {
              onSuccess: ({ enrolled }) => announce(enrolled ? 'The passkey is enrolled.' : 'The passkey is made.'),
            })
          }
        >
          {nextBy === 'operator' ? 'Make a passkey' : 'Enrol a passkey'}
        </button>
      ) : (
        <p className="notice">You cannot make one here: {refusal}.</p>
      )}
      {enrol.data?.enrolled === false ? (
        <div className="notice" role="status">
          <p>For the operator, under your entry in people of planwarden.yaml:</p>
          <pre>
            {`    passkeys:\n      - id: ${enrol.data.entry.id}\n        publicKey: ${enrol.data.entry.publicKey}`}
          </pre>
        </div>
      ) : null}
    </section>
  );
}
