import { isRequesterId, parseSubject } from '@planwarden/approvals';
import {
  CHANGE_STEPS,
  type Decision,
  type ErrorCode,
  isPlanwardenError,
  REVIEW_STEPS,
  type ReviewView,
  type RunDetail,
  type RunStep,
  type RunSummary,
  type StepView,
  type Tally,
} from '@planwarden/contracts';
import type { RunRecord, StepRecord } from '@planwarden/runs';
import type { z } from 'zod';
import {
  checkPlanRecord,
  contextRecord,
  evidenceRecord,
  mergeRecord,
  planRecord,
  pullRequestRecord,
  summaryRecord,
  validateRecord,
  verifyRecord,
} from '../change/change.records.js';
import type { ChangeServices } from '../change/change.services.js';
import { outputsOf, type ReadOutput } from '../change/confirm-ports.js';
import { requestOf } from '../change/run-request.js';
import { currentTally, refusalsFor } from '../change/votes.js';
import { notCoveredBy } from '../review/not-covered.js';
import { REVIEW_PIPELINE } from '../review/review.pipeline.js';
import { publishRecord, reviewContextRecord, reviewFilesRecord, reviewSourceRecord } from '../review/review.records.js';

export function summaryOf(run: RunRecord): RunSummary {
  const { id, title, state, ended, wait, round, step, target, environment, persona, requester } = run;
  return {
    id,
    title,
    state,
    ended,
    wait,
    round,
    step,
    target,
    environment,
    persona,
    requester: { principal: requester.principal, onBehalfOf: requester.onBehalfOf },
    parent: run.parent,
    outcome: run.outcome,
    createdAt: run.createdAt,
    updatedAt: run.updatedAt,
  };
}

/** One run with everything a person decides on. @param viewer person id of who looks; undefined for an agent */
export async function detailOf(services: ChangeServices, id: string, viewer?: string): Promise<RunDetail> {
  const run = await services.runs.get(id);
  const steps = await services.runs.steps(id);
  const read = readerOf(steps);
  if (run.pipeline === REVIEW_PIPELINE) return reviewDetail(services, run, steps);
  const pull = read('open-pull-request', pullRequestRecord);
  const evidence = read('publish-evidence', evidenceRecord);
  const plan = read('plan', planRecord);
  const decisions = await services.decisions.listForRun(id);
  return {
    run: summaryOf(run),
    request: requestOf(run),
    steps: stepViews(run, steps),
    files: (read('validate', validateRecord)?.files ?? []).map(({ path, content }) => ({ path, content })),
    plan: plan?.plan ?? null,
    planText: plan?.planText ?? null,
    findings: standing(decisions, run).flatMap((one) => one.findings),
    decisions: decisions.map(refOf),
    facts: read('gather-context', contextRecord)?.facts ?? null,
    pullRequest:
      pull === null
        ? null
        : {
            number: pull.number,
            url: pull.url,
            branch: pull.branch,
            evidenceSha: evidence?.evidenceSha ?? null,
            mergeSha: read('merge', mergeRecord)?.mergeSha ?? null,
          },
    approval: read('check-plan', checkPlanRecord) === null ? null : await approvalOf(services, run, viewer),
    locks: await services.locks.list(run.id),
    freeze: run.ended ? null : await freezeOf(services, run),
    breakGlass: await services.breakGlass.list(run.id),
    review: null,
    verified: read('verify', verifyRecord)?.sentences ?? [],
    summary: read('summarise', summaryRecord)?.text ?? null,
  };
}

type ReadStep = <T extends z.ZodType>(step: string, shape: T) => z.output<T> | null;

/** Reads what a step left, of the newest round in which it was done. */
const readerOf =
  (steps: readonly StepRecord[]): ReadStep =>
  (step, shape) => {
    const found = steps.filter((one) => one.step === step && one.state === 'done').at(-1);
    return found === undefined ? null : shape.parse(found.output);
  };

/** A review has neither plan nor approval; what it found is its own, not only what policy said. */
async function reviewDetail(
  services: ChangeServices,
  run: RunRecord,
  steps: readonly StepRecord[],
): Promise<RunDetail> {
  const read = readerOf(steps);
  const decisions = await services.decisions.listForRun(run.id);
  return {
    run: summaryOf(run),
    request: requestOf(run),
    steps: stepViews(run, steps),
    files: (requestOf(run).files ?? []).map(({ path, content }) => ({ path, content })),
    plan: null,
    planText: null,
    findings: read('check-source', reviewSourceRecord)?.findings ?? [],
    decisions: decisions.map(refOf),
    facts: read('gather-context', reviewContextRecord)?.facts ?? null,
    pullRequest: null,
    approval: null,
    locks: await services.locks.list(run.id),
    // A freeze stops what is applied: a review applies nothing.
    ...{ freeze: null, breakGlass: [] },
    review: reviewOf(services, run, read),
    verified: [],
    summary: read('summarise', summaryRecord)?.text ?? null,
  };
}

function reviewOf(services: ChangeServices, run: RunRecord, read: ReadStep): ReviewView | null {
  const files = read('read-files', reviewFilesRecord);
  const judged = read('check-source', reviewSourceRecord);
  if (files === null || judged === null) return null;
  const posted = read('publish-review', publishRecord)?.posted ?? null;
  const { number, sha, url } = files.pullRequest ?? { number: 0, sha: '', url: '' };
  return {
    pullRequest: files.pullRequest === null ? null : { number, sha, url },
    denies: judged.denies,
    posted:
      posted === null
        ? null
        : { event: posted.event, url: posted.url, onLines: posted.onLines, headSha: posted.headSha },
    notCovered: notCoveredBy(services.config.target(run.target), files),
  };
}

const refOf = (one: Decision): RunDetail['decisions'][number] => ({
  ...{ id: one.id, phase: one.phase, allow: one.allow, at: one.at },
  findings: one.findings.length,
});

/**
 * What policy says now: of each phase the last word of this round; calls are each judged for themselves. That votes are
 * still missing is no finding against the change: the approval tells it.
 */
function standing(decisions: readonly Decision[], run: RunRecord): readonly Decision[] {
  const here = decisions.filter((one) => one.round === null || one.round === run.round);
  return here.filter((one, index) => {
    if (one.phase === 'call') return true;
    if (one.phase === 'approval' && !run.ended) return false;
    return !here.slice(index + 1).some((later) => later.phase === one.phase);
  });
}

/** The subject of this round, the votes on it, and what the viewer may do about it. Null before there is a subject. */
async function approvalOf(
  services: ChangeServices,
  run: RunRecord,
  viewer: string | undefined,
): Promise<RunDetail['approval']> {
  const stored = await services.subjects.find(run.id, run.round);
  if (stored === null) return null;
  const subject = parseSubject(stored.json);
  const output = outputsOf(services, run);
  try {
    const tally = await currentTally(services, run, output);
    const you = await yourPart(services, run, output, viewer, tally);
    return { subjectDigest: stored.digest, subject, tally, you };
  } catch (error) {
    // GitHub is away, or the evidence is not out yet: the page shows the run all the same.
    if (
      isPlanwardenError(error) &&
      (['NOT_AWAITING_APPROVAL', 'OUTSIDE_UNAVAILABLE'] as ErrorCode[]).includes(error.code)
    ) {
      return null;
    }
    throw error;
  }
}

async function yourPart(
  services: ChangeServices,
  run: RunRecord,
  output: ReadOutput,
  viewer: string | undefined,
  tally: Tally,
) {
  const person = viewer === undefined ? undefined : services.config.person(viewer);
  const neither = { mayVote: false, mayReject: false, needsPresence: false };
  if (!person) return { ...neither, why: 'agents never vote' };
  if (run.state !== 'awaiting_approval') return { ...neither, why: `the run is ${run.state}` };
  const refusals = await refusalsFor(services, run, output, person);
  const given = tally.approvals.filter((vote) => vote.assurance === 'presence').length;
  const least = services.config.target(run.target).leastAssurance;
  return {
    mayVote: refusals.approve === null,
    mayReject: refusals.reject === null,
    why: refusals.approve?.message ?? null,
    needsPresence: isRequesterId(person.id, run.requester) || least === 'presence' || given < tally.demands.presence,
  };
}

/** The freeze that holds this run, as confirm will find it. */
export async function freezeOf(services: ChangeServices, run: Pick<RunRecord, 'id' | 'round' | 'environment'>) {
  const freeze = await services.freezes.stopping(run.environment);
  if (freeze === null) return null;
  const stored = await services.subjects.find(run.id, run.round);
  return stored !== null && (await services.breakGlass.running(stored.digest)) !== null ? null : freeze;
}

function stepViews(run: RunRecord, steps: readonly StepRecord[]): StepView[] {
  const road: readonly RunStep[] = run.pipeline === REVIEW_PIPELINE ? REVIEW_STEPS : CHANGE_STEPS;
  const at = (road as readonly (string | null)[]).indexOf(run.step);
  return road.map((name, index): StepView => {
    const record = steps.filter((one) => one.step === name).at(-1);
    // A step of an earlier round that this round has not reached yet waits again.
    const isBehind = record !== undefined && (record.round === run.round || index < at);
    if (!isBehind) {
      const state = run.ended ? 'skipped' : 'waiting';
      return { name, state, startedAt: null, finishedAt: null, message: null };
    }
    return {
      name,
      state: run.ended && record.state !== 'done' ? 'failed' : record.state,
      startedAt: record.startedAt,
      finishedAt: record.finishedAt,
      message: record.message,
    };
  });
}
