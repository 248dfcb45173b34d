import { ERROR_CODES, type ErrorCode, type ErrorWhere, errorWhereSchema, PlanwardenError } from '@planwarden/contracts';
import { redactText } from '@planwarden/redaction';
import type { StepContext } from '@planwarden/runs';
import type { SourceControl, WorkflowRunView } from '@planwarden/source-control';
import { JOB_END } from '@planwarden/terraform';
import { z } from 'zod';

/** Lines of a job's log that the journal keeps. */
const MOST_LINES = 40;
const endSchema = z.object({ code: z.string(), where: errorWhereSchema.strict().optional() });

/** What the log of a job says of its end: our own closed words alone are believed to be a reason. */
interface JobEnd {
  readonly code: ErrorCode;
  readonly where: ErrorWhere | undefined;
}

/**
 * Keeps what the program of the job said in the journal, secrets masked.
 * @returns the refusal it ended with, if it said one
 */
export async function recordLog(
  context: StepContext,
  github: SourceControl,
  run: WorkflowRunView,
): Promise<JobEnd | undefined> {
  const log = await github.workflowLog(run.id);
  const lines = log.split('\n').map((line) => line.replace(/^\S+Z /, ''));
  const said = lines.filter((line) => line.startsWith('planwarden: ')).slice(-MOST_LINES);
  for (const line of said) await context.note(`workflow run ${run.id}: ${plain(line)}`);
  const unsupported = lines.find((line) => line.startsWith('##[error]not supported: '));
  if (unsupported) await context.note(`workflow run ${run.id}: ${plain(unsupported)}`);
  return endOf(lines.findLast((line) => line.startsWith(JOB_END)));
}

/** Outside text on its way into the journal: one line, no control characters, no secrets. */
const plain = (line: string): string => redactText(line.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 500));

function endOf(line: string | undefined): JobEnd | undefined {
  if (line === undefined) return undefined;
  try {
    const { code, where } = endSchema.parse(JSON.parse(line.slice(JOB_END.length)));
    return code in ERROR_CODES ? { code: code as ErrorCode, where: placeOf(where) } : undefined;
  } catch {
    return undefined;
  }
}

/** A place is shown to people: only what can be one. */
function placeOf(where: ErrorWhere | undefined): ErrorWhere | undefined {
  const words = [where?.file, where?.field].filter((one) => one !== undefined);
  return words.every((one) => /^[\w./[\]-]{1,200}$/.test(one)) ? where : undefined;
}

/** The failure of a job in our own words. */
export function jobFailed(run: WorkflowRunView, end: JobEnd | undefined): PlanwardenError {
  const remedy = 'Read what the job said in the log of this run, and the run at GitHub.';
  if (end === undefined) {
    return new PlanwardenError('WORKFLOW_FAILED', `workflow run ${run.id} ended as ${wordOf(run)} without a reason`, {
      remedy,
    });
  }
  const { file, line, column } = end.where ?? {};
  const place = file === undefined ? '' : ` at ${[file, line, column].filter((one) => one !== undefined).join(':')}`;
  return new PlanwardenError(end.code, `workflow run ${run.id} ended with ${end.code}${place}`, {
    remedy,
    ...(end.where === undefined ? {} : { where: end.where }),
    // A job is over: what could be tried again by a worker is a new start here, and nobody starts twice.
    failure: 'final',
  });
}

const wordOf = ({ conclusion }: WorkflowRunView): string =>
  ['failure', 'cancelled', 'timed_out', 'skipped', 'startup_failure'].find((one) => one === conclusion) ??
  'not success';
