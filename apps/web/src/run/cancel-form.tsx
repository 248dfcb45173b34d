import { useId, useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { useCancel } from '../api/queries.js';
import { useAnnounce } from '../ui/announcer.js';
import { ErrorBox } from '../ui/error-box.js';

/** Cancels a run before anything was released; the server says where it is too late. */
export function CancelForm({ run }: { readonly run: string }) {
  const announce = useAnnounce();
  const cancel = useCancel(run);
  const [reason, setReason] = useState('');
  const id = useId();
  return (
    <details className="fold">
      <summary>Cancel this run…</summary>
      {cancel.error === null ? null : (
        <ErrorBox key={cancel.submittedAt} error={errorBodyOf(cancel.error)} takesFocus />
      )}
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          cancel.mutate({ reason: reason.trim() }, { onSuccess: () => announce('The run is being canceled.') });
        }}
      >
        <label htmlFor={id}>Reason</label>
        <input id={id} value={reason} maxLength={2000} onChange={(event) => setReason(event.target.value)} />
        <button type="submit" className="button" disabled={cancel.isPending}>
          Cancel the run
        </button>
      </form>
    </details>
  );
}
