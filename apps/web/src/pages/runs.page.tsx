import type { RunState, RunSummary } from '@planwarden/contracts';
import { useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { useRuns } from '../api/queries.js';
import { POLL_MS, useLiveRuns } from '../live/use-live.js';
import { Link, useRouter } from '../router/router.js';
import { Badge } from '../ui/badge.js';
import { ErrorBox } from '../ui/error-box.js';
import { LiveMark } from '../ui/live-mark.js';
import { Loading } from '../ui/loading.js';
import { PageHeading } from '../ui/page-heading.js';
import { Time } from '../ui/time.js';
import { badgeOf, requesterWords, STATE_WORDS, sentenceOf } from '../words/run-words.js';

const STATES = Object.keys(STATE_WORDS) as RunState[];

export function RunsPage({ state }: { readonly state: string | null }) {
  const { go } = useRouter();
  const live = useLiveRuns();
  const runs = useRuns(state, live === 'live' ? false : POLL_MS);
  const all = runs.data?.pages.flatMap((page) => page.runs) ?? [];
  const [filterId] = useState('state-filter');
  return (
    <>
      <div className="page-head">
        <PageHeading title="Runs" />
        <LiveMark status={live} />
        <div className="page-head__tools">
          <label htmlFor={filterId}>State</label>
          <select
            id={filterId}
            value={state ?? ''}
            onChange={(event) => go({ page: 'runs', state: event.target.value || null }, 'replace')}
          >
            <option value="">All</option>
            {STATES.map((name) => (
              <option key={name} value={name}>
                {STATE_WORDS[name].label}
              </option>
            ))}
          </select>
          <Link to={{ page: 'new' }} className="button button--primary">
            New request
          </Link>
        </div>
      </div>
      {runs.error === null ? null : <ErrorBox error={errorBodyOf(runs.error)} />}
      {runs.isPending ? <Loading what="runs" /> : null}
      {runs.data !== undefined && all.length === 0 ? <NoRuns isFiltered={state !== null} /> : null}
      {all.length === 0 ? null : (
        <ul className="run-list">
          {all.map((run) => (
            <RunRow key={run.id} run={run} />
          ))}
        </ul>
      )}
      {runs.hasNextPage ? (
        <button
          type="button"
          className="button"
          disabled={runs.isFetchingNextPage}
          onClick={() => void runs.fetchNextPage()}
        >
          Show older runs
        </button>
      ) : null}
    </>
  );
}

function RunRow({ run }: { readonly run: RunSummary }) {
  const badge = badgeOf(run);
  return (
    <li className={`run-row run-row--${badge.tone}`}>
      <div className="run-row__main">
        <h2 className="run-row__title">
          <Link to={{ page: 'run', id: run.id }}>{run.title}</Link>
        </h2>
        <p className="run-row__sentence">{sentenceOf(run)}</p>
      </div>
      <p className="run-row__meta">
        <span>
          {run.target}
          {run.environment === run.target ? '' : ` · ${run.environment}`}
        </span>
        <span>{requesterWords(run.requester)}</span>
      </p>
      <p className="run-row__state">
        <Badge {...badge} />
        <Time at={run.updatedAt} />
      </p>
    </li>
  );
}

function NoRuns({ isFiltered }: { readonly isFiltered: boolean }) {
  return (
    <div className="empty">
      <p>{isFiltered ? 'No run is in this state.' : 'No change has been asked for yet.'}</p>
      {isFiltered ? (
        <Link to={{ page: 'runs', state: null }}>Show all runs</Link>
      ) : (
        <p>
          <Link to={{ page: 'new' }}>Ask for one here</Link>, or connect an agent over MCP and let it propose one.
        </p>
      )}
    </div>
  );
}
