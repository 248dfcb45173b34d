import type { RunDetail, RunSummary, SessionView } from '@planwarden/contracts';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { errorBodyOf } from '../api/api-error.js';
import { useRun, useRunLog } from '../api/queries.js';
import { POLL_MS, useLiveRun } from '../live/use-live.js';
import { ApprovalPanel } from '../run/approval.panel.js';
import { BlastRadiusPanel } from '../run/blast-radius.panel.js';
import { CancelForm } from '../run/cancel-form.js';
import { FindingsPanel } from '../run/findings.panel.js';
import { LockPanel } from '../run/lock.panel.js';
import { LogPanel } from '../run/log.panel.js';
import { PlanPanel } from '../run/plan.panel.js';
import { ReviewPanel } from '../run/review.panel.js';
import { Stepper } from '../run/stepper.js';
import { useAnnounce } from '../ui/announcer.js';
import { Badge } from '../ui/badge.js';
import { ErrorBox } from '../ui/error-box.js';
import { LiveMark } from '../ui/live-mark.js';
import { Loading } from '../ui/loading.js';
import { PageHeading } from '../ui/page-heading.js';
import { safeAddress } from '../ui/safe-address.js';
import { Time } from '../ui/time.js';
import { announcementOf, badgeOf, requesterWords, sentenceOf } from '../words/run-words.js';

interface RunPageProps {
  readonly id: string;
  readonly session: SessionView;
}

export function RunPage({ id, session }: RunPageProps) {
  const [isEnded, setEnded] = useState(false);
  const live = useLiveRun(id, isEnded);
  const poll = isEnded || live === 'live' ? false : POLL_MS;
  const run = useRun(id, poll);
  const log = useRunLog(id, poll);
  const { refetch: rereadLog } = log;
  const ended = run.data?.run.ended ?? false;
  useEffect(() => {
    if (!ended) return;
    setEnded(true);
    // The stream stops here: the last entries may not have come over it.
    void rereadLog();
  }, [ended, rereadLog]);
  useAnnounced(run.data?.run);

  if (run.data === undefined) {
    return run.error === null ? (
      <Loading what="the run" />
    ) : (
      <section className="narrow">
        <PageHeading title="Run" />
        <ErrorBox error={errorBodyOf(run.error)} />
      </section>
    );
  }
  const detail = run.data;
  return (
    <article className="run">
      <RunHead detail={detail} />
      {isEnded ? null : <LiveMark status={live} />}
      {run.error === null ? null : <ErrorBox error={errorBodyOf(run.error)} />}
      <div className="run__columns">
        <Stepper steps={detail.steps} />
        <div className="run__panels">
          <LockPanel run={id} locks={detail.locks} />
          {isReview(detail) ? <ReviewPanel detail={detail} /> : <ApprovalPanel detail={detail} session={session} />}
          <FindingsPanel detail={detail} />
          {isReview(detail) ? null : <PlanPanel detail={detail} />}
          <BlastRadiusPanel detail={detail} />
          <LogPanel events={log.data} error={log.error} />
          {detail.run.ended ? null : <CancelForm run={id} />}
        </div>
      </div>
    </article>
  );
}

/** Known by its road before anything was found. */
const isReview = ({ steps }: RunDetail): boolean => steps.some(({ name }) => name === 'publish-review');

function RunHead({ detail }: { readonly detail: RunDetail }) {
  const { run, request, pullRequest, verified, summary } = detail;
  return (
    <header className={`run-head run-head--${badgeOf(run).tone}`}>
      <Badge {...badgeOf(run)} />
      <PageHeading title={run.title} />
      <p className="run-head__sentence">{sentenceOf(run)}</p>
      {run.outcome === null ? null : (
        <p className="run-head__remedy">
          {run.outcome.remedy} <code>{run.outcome.code}</code>
        </p>
      )}
      {verified.length === 0 ? null : (
        <ul className="verified">
          {verified.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <dl className="facts">
        <Fact name="Asked by">{requesterWords(run.requester)}</Fact>
        {run.parent === null ? null : (
          <Fact name={run.parent.kind === 'retry' ? 'Tries again' : 'Undoes'}>
            <a href={`/runs/${run.parent.run}`}>
              <code>{run.parent.run}</code>
            </a>
          </Fact>
        )}
        <Fact name="Target">
          {run.target} ({run.environment})
        </Fact>
        <Fact name="Persona">{run.persona}</Fact>
        <Fact name="Round">{run.round}</Fact>
        <Fact name="Asked">
          <Time at={run.createdAt} />
        </Fact>
        {pullRequest === null ? null : (
          <Fact name="Pull request">
            <a href={safeAddress(pullRequest.url)} rel="noreferrer">
              #{pullRequest.number}
            </a>{' '}
            <code>{pullRequest.branch}</code>
          </Fact>
        )}
      </dl>
      {request.reason === '' ? null : (
        <div className="run-head__reason">
          <span className="quiet">Reason given</span>
          <blockquote>{request.reason}</blockquote>
        </div>
      )}
      {summary === null ? null : (
        <details className="fold">
          <summary>Summary</summary>
          <pre>{summary}</pre>
        </details>
      )}
    </header>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function useAnnounced(run: RunSummary | undefined): void {
  const announce = useAnnounce();
  const before = useRef<RunSummary | undefined>(undefined);
  useEffect(() => {
    if (run === undefined) return;
    const words = announcementOf(before.current, run);
    before.current = run;
    if (words !== null) announce(words);
  }, [run, announce]);
}
