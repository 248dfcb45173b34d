import type { LockView } from '@planwarden/contracts';
import { useId, useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { useReleaseLocks } from '../api/queries.js';
import { Link } from '../router/router.js';
import { useAnnounce } from '../ui/announcer.js';
import { ErrorBox } from '../ui/error-box.js';
import { Time } from '../ui/time.js';

interface LockPanelProps {
  readonly run: string;
  readonly locks: readonly LockView[];
}

/** Who holds the lock of this run's target and who waits for it; silent where nobody is in anybody's way. */
export function LockPanel({ run, locks }: LockPanelProps) {
  const shown = locks.filter(({ holder, queue, kept }) => holder !== run || queue.length > 0 || kept !== null);
  if (shown.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="lock-heading">
      <h2 id="lock-heading">Lock</h2>
      {shown.map((lock) => (
        <div key={lock.name}>
          <p>
            <code>{lock.name}</code>{' '}
            {lock.kept === null ? (
              <>
                is held by <Who id={lock.holder} run={run} /> since <Time at={lock.since} />.
              </>
            ) : (
              <>
                is kept by <Who id={lock.holder} run={run} />: {lock.kept}. Nobody else may change it until somebody has
                looked.
              </>
            )}
          </p>
          {lock.queue.length === 0 ? null : (
            <ol className="queue">
              {lock.queue.map((waiting) => (
                <li key={waiting.run}>
                  <Who id={waiting.run} run={run} /> waits since <Time at={waiting.since} />
                </li>
              ))}
            </ol>
          )}
        </div>
      ))}
      {shown.some(({ holder, kept }) => holder === run && kept !== null) ? <ReleaseForm run={run} /> : null}
    </section>
  );
}

function Who({ id, run }: { readonly id: string; readonly run: string }) {
  return id === run ? <strong>this run</strong> : <Link to={{ page: 'run', id }}>{id.slice(0, 12)}</Link>;
}

/** Given by a person who may approve there; the server says to anybody else that they may not. */
function ReleaseForm({ run }: { readonly run: string }) {
  const announce = useAnnounce();
  const release = useReleaseLocks(run);
  const [reason, setReason] = useState('');
  const id = useId();
  return (
    <>
      {release.error === null ? null : (
        <ErrorBox key={release.submittedAt} error={errorBodyOf(release.error)} takesFocus />
      )}
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          release.mutate({ reason: reason.trim() }, { onSuccess: () => announce('The lock was released.') });
        }}
      >
        <label htmlFor={id}>What you found</label>
        <input id={id} value={reason} required maxLength={2000} onChange={(event) => setReason(event.target.value)} />
        <button type="submit" className="button" disabled={release.isPending || reason.trim() === ''}>
          Release the lock
        </button>
      </form>
    </>
  );
}
