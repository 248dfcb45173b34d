import type { Freeze } from '@planwarden/contracts';
import { useId, useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { useFreeze, useFreezes, useLift } from '../gate/gate.queries.js';
import { useAnnounce } from '../ui/announcer.js';
import { ErrorBox } from '../ui/error-box.js';
import { Loading } from '../ui/loading.js';
import { PageHeading } from '../ui/page-heading.js';
import { Time } from '../ui/time.js';
import { sentence } from '../words/run-words.js';

/** What stops applies now, what will, and what did. */
export function FreezesPage() {
  const freezes = useFreezes();
  if (freezes.data === undefined) {
    return freezes.error === null ? <Loading what="the freezes" /> : <ErrorBox error={errorBodyOf(freezes.error)} />;
  }
  const { freezes: all, mayFreeze } = freezes.data;
  return (
    <section className="narrow">
      <PageHeading title="Freezes" />
      <p>
        While applies are frozen, changes are planned and voted on, and held. Lifting a freeze lets go what it held.
      </p>
      {mayFreeze.length === 0 ? (
        <p className="notice">You have no role in any environment: you can neither freeze nor lift.</p>
      ) : (
        <FreezeForm environments={mayFreeze} />
      )}
      {all.length === 0 ? <p className="empty">Nothing was ever frozen.</p> : null}
      <ul className="votes">
        {all.map((freeze) => (
          <FreezeRow key={freeze.id} freeze={freeze} mayLift={mayFreeze.includes(freeze.environment)} />
        ))}
      </ul>
    </section>
  );
}

const nameOf = (environment: string | null): string => environment ?? 'all environments';

function FreezeForm({ environments }: { readonly environments: readonly (string | null)[] }) {
  const announce = useAnnounce();
  const freeze = useFreeze();
  const [at, setAt] = useState(0);
  const [reason, setReason] = useState('');
  const [from, setFrom] = useState('');
  const [until, setUntil] = useState('');
  const id = useId();
  const instant = (local: string): string | null => (local === '' ? null : new Date(local).toISOString());
  return (
    <form
      className="how-to"
      onSubmit={(event) => {
        event.preventDefault();
        const environment = environments[at] ?? null;
        freeze.mutate(
          { environment, reason: reason.trim(), from: instant(from), until: instant(until) },
          {
            onSuccess: () => {
              setReason('');
              announce(`Applies to ${nameOf(environment)} are frozen.`);
            },
          },
        );
      }}
    >
      {freeze.error === null ? null : (
        <ErrorBox key={freeze.submittedAt} error={errorBodyOf(freeze.error)} heading="Not frozen:" takesFocus />
      )}
      <label htmlFor={`${id}-where`}>Freeze</label>
      <select id={`${id}-where`} value={at} onChange={(event) => setAt(Number(event.target.value))}>
        {environments.map((environment, index) => (
          <option key={nameOf(environment)} value={index}>
            {nameOf(environment)}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-reason`}>Reason</label>
      <input
        id={`${id}-reason`}
        required
        minLength={3}
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <label htmlFor={`${id}-from`}>From (empty: now)</label>
      <input id={`${id}-from`} type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
      <label htmlFor={`${id}-until`}>Until (empty: until lifted)</label>
      <input
        id={`${id}-until`}
        type="datetime-local"
        value={until}
        onChange={(event) => setUntil(event.target.value)}
      />
      <button type="submit" className="button button--reject" disabled={freeze.isPending}>
        Freeze applies
      </button>
    </form>
  );
}

function FreezeRow({ freeze, mayLift }: { readonly freeze: Freeze; readonly mayLift: boolean }) {
  const announce = useAnnounce();
  const lift = useLift();
  const [reason, setReason] = useState('');
  const id = useId();
  const isOver = freeze.lifted !== null || (freeze.until !== null && new Date(freeze.until) < new Date());
  return (
    <li>
      <span>
        <strong>{nameOf(freeze.environment)}</strong>{' '}
        {freeze.active ? 'frozen' : isOver ? 'was frozen' : 'will be frozen'} by {freeze.by}, from{' '}
        <Time at={freeze.from} />
        {freeze.until === null ? '' : ' until '}
        {freeze.until === null ? null : <Time at={freeze.until} />}
      </span>
      <q className="quote">{freeze.reason}</q>
      {freeze.lifted === null ? null : (
        <span>
          Lifted by {freeze.lifted.by}, <Time at={freeze.lifted.at} />: {sentence(freeze.lifted.reason, false)}
        </span>
      )}
      {lift.error === null ? null : (
        <ErrorBox key={lift.submittedAt} error={errorBodyOf(lift.error)} heading="Not lifted:" takesFocus />
      )}
      {isOver || !mayLift ? null : (
        <form
          className="inline-form"
          onSubmit={(event) => {
            event.preventDefault();
            lift.mutate(
              { id: freeze.id, reason: reason.trim() },
              { onSuccess: () => announce('The freeze is lifted.') },
            );
          }}
        >
          <label htmlFor={id}>Why it may be lifted</label>
          <input
            id={id}
            required
            minLength={3}
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <button type="submit" className="button" disabled={lift.isPending}>
            Lift the freeze of {nameOf(freeze.environment)}
          </button>
        </form>
      )}
    </li>
  );
}
