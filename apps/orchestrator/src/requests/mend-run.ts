import { type ChangeRequest, changeRequestSchema, type EndState, PlanwardenError } from '@planwarden/contracts';
import { passKeptLocks, type RunRecord } from '@planwarden/runs';
import { mergeRecord, pullRequestRecord, validateRecord } from '../change/change.records.js';
import type { ChangeServices } from '../change/change.services.js';
import { outputsOf } from '../change/confirm-ports.js';
import { requestOf } from '../change/run-request.js';
import type { MendedRun } from './propose-change.js';

/** Ends after which the same request may be asked for again. What a person discarded is not asked for again by a machine. */
const RETRIED: readonly EndState[] = ['policy_failed', 'canceled', 'expired', 'superseded', 'errored', 'apply_failed'];
/** Ends after which something of the run may stand. */
const ROLLED_BACK: readonly EndState[] = ['applied', 'verify_failed', 'apply_failed'];

/** What a new run that mends another one is asked for with. It goes through the whole gate. */
export interface Mending {
  readonly request: ChangeRequest;
  readonly parent: MendedRun;
}

/**
 * The same request once more, as a new run.
 * @throws PlanwardenError RUN_NOT_ENDED; RETRY_REFUSED after an end that a second try would not change
 */
export function retryOf(run: RunRecord): Mending {
  assertEnded(run);
  if (!(RETRIED as readonly string[]).includes(run.state)) {
    throw new PlanwardenError('RETRY_REFUSED', `the run ended ${run.state}: the same request is not tried again`, {
      where: { field: 'run' },
      remedy:
        run.state === 'discarded'
          ? 'A person said no to it. Ask for another change with propose_change.'
          : run.state === 'reviewed'
            ? 'It did what was asked. Ask for a review of another commit with propose_change.'
            : 'It was applied. Undo it with rollback_run, or ask for another change with propose_change.',
    });
  }
  return { request: requestOf(run), parent: { run: run.id, kind: 'retry', beside: keptLocksGoTo(run) } };
}

/**
 * The reverse of what a run merged: each of its files as it was before, or gone where it was not there.
 * @throws PlanwardenError RUN_NOT_ENDED; ROLLBACK_REFUSED where nothing was merged, or where the files were changed since
 */
export async function rollbackOf(services: ChangeServices, run: RunRecord, reason: string): Promise<Mending> {
  assertEnded(run);
  if (!(ROLLED_BACK as readonly string[]).includes(run.state)) {
    throw refused(`the run ended ${run.state}: nothing of it stands`, 'There is nothing to undo.');
  }
  const target = services.config.target(run.target);
  const github = services.sourceControl(target);
  const mergeSha = await mergedAs(services, run);
  const output = outputsOf(services, run);
  const { baseSha } = await output('open-pull-request', pullRequestRecord);
  const { files } = await output('validate', validateRecord);
  const at = async (commit: string) => new Map((await github.filesAt(commit)).map((file) => [file.path, file.blobSha]));
  const tip = await github.branchHead(target.baseBranch);
  const [before, merged, now] = await Promise.all([at(baseSha), at(mergeSha), at(tip ?? target.baseBranch)]);
  const overtaken = files.find(({ path }) => merged.get(path) !== now.get(path));
  if (overtaken !== undefined) {
    throw new PlanwardenError('ROLLBACK_REFUSED', 'a file of the run was changed again after it was merged', {
      where: { field: 'run', file: overtaken.path },
      remedy: 'Roll back the later change first, or ask for the files you want with propose_change.',
    });
  }
  const restored: { path: string; content: string }[] = [];
  const deletions: string[] = [];
  for (const { path } of files) {
    const blob = before.get(path);
    const relative = path.slice(target.path.length + 1);
    if (blob === undefined) deletions.push(relative);
    else restored.push({ path: relative, content: await github.blobText(blob) });
  }
  const request = changeRequestSchema.parse({
    target: run.target,
    title: `Roll back ${run.id}`,
    reason,
    ...(restored.length === 0 ? {} : { files: restored }),
    ...(deletions.length === 0 ? {} : { deletions }),
  });
  return { request, parent: { run: run.id, kind: 'rollback', beside: keptLocksGoTo(run) } };
}

/** What a failed apply has kept is for the run that mends it. */
const keptLocksGoTo =
  (parent: RunRecord): MendedRun['beside'] =>
  (client, child) =>
    passKeptLocks(client, parent.id, child);

async function mergedAs(services: ChangeServices, run: RunRecord): Promise<string> {
  const recorded = await services.runs.effectResult(run.id, 'merge', 'merge');
  const found = mergeRecord.safeParse(recorded);
  if (found.success) return found.data.mergeSha;
  throw refused('nothing of the run was merged: the files are as they were', 'Try it again with retry_run.');
}

function assertEnded(run: RunRecord): void {
  if (run.ended) return;
  throw new PlanwardenError('RUN_NOT_ENDED', `the run is ${run.state} and has not ended`, {
    where: { field: 'run' },
    remedy: 'Wait for its end, or cancel it with cancel_run.',
  });
}

const refused = (message: string, remedy: string): PlanwardenError =>
  new PlanwardenError('ROLLBACK_REFUSED', message, { where: { field: 'run' }, remedy });
