import type { RunEvent } from '@planwarden/contracts';
import { errorBodyOf } from '../api/api-error.js';
import { ErrorBox } from '../ui/error-box.js';
import { clockTime } from '../words/time-words.js';

interface LogPanelProps {
  readonly events: readonly RunEvent[] | undefined;
  readonly error: unknown;
}

export function LogPanel({ events, error }: LogPanelProps) {
  const rounds = new Set((events ?? []).map((event) => event.round)).size;
  return (
    <section className="panel" aria-labelledby="log-heading">
      <h2 id="log-heading">Log</h2>
      {error === null ? null : <ErrorBox error={errorBodyOf(error)} />}
      {events !== undefined && events.length === 0 ? <p className="quiet">Nothing is written yet.</p> : null}
      <ol className="log">
        {(events ?? []).map((event) => (
          <li key={event.seq}>
            <time dateTime={event.at} title={event.at}>
              {clockTime(event.at)}
            </time>
            <code className="log__kind">{event.kind}</code>
            <span className="log__message">
              {rounds > 1 ? <span className="quiet">round {event.round} · </span> : null}
              {event.step === null || event.message.startsWith(`${event.step} `) ? null : (
                <span className="quiet">{event.step} · </span>
              )}
              {event.message}
              {event.code === null ? null : <span className="quiet"> · {event.code}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
