import { type Approval, assertFresh, type FreshPorts } from '@planwarden/approvals';
import { PlanwardenError } from '@planwarden/contracts';
import { atGitHub, type Connection, statusOf } from './github-connection.js';
import type { repositoryReads } from './repository-reads.js';

type Reads = ReturnType<typeof repositoryReads>;

/** A run of a workflow. A dispatch tells no id, so a run is found by its name. */
export interface WorkflowRunView {
  readonly id: number;
  /** `run-name`. */
  readonly name: string;
  /** GitHub id of whoever started it. */
  readonly actorId: number | null;
  readonly headSha: string;
  readonly isOver: boolean;
  /** `success`, `failure`, `cancelled`, ...; null while it is under way. */
  readonly conclusion: string | null;
}
export interface WorkflowStart {
  /** File name below `.github/workflows`. */
  readonly workflow: string;
  /** Branch or tag. */
  readonly ref: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** Bytes of a log and of an artifact that are read. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Workflow runs: what is read of them, the start of one that changes nothing, and what an Approval releases. */
export function workflowActs({ octokit, repo }: Connection, reads: Reads) {
  const dispatch = async ({ workflow, ref, inputs }: WorkflowStart): Promise<void> => {
    await octokit.rest.actions.createWorkflowDispatch({ ...repo, workflow_id: workflow, ref, inputs: { ...inputs } });
  };
  const tagSha = async (tag: string): Promise<string | null> => {
    try {
      return (await octokit.rest.git.getRef({ ...repo, ref: `tags/${tag}` })).data.object.sha;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  };
  /** Only makes, never moves: the one who makes a tag has compared and set. */
  const makeTag = async (tag: string, sha: string): Promise<void> => {
    try {
      await octokit.rest.git.createRef({ ...repo, ref: `refs/tags/${tag}`, sha });
    } catch (error) {
      if (statusOf(error) !== 422 || (await tagSha(tag)) !== sha) throw error;
    }
  };
  return {
    /** Starts a workflow that only reads. */
    startWorkflow: (start: WorkflowStart): Promise<void> =>
      atGitHub(`starting workflow ${start.workflow}`, () => dispatch(start)),

    /**
     * Tags the approved commit and starts the workflow on the tag.
     * @throws PlanwardenError what assertFresh throws, HEAD_MOVED, TARGET_CHANGED, EFFECT_DOUBLE when the tag names another commit
     */
    startApply: (
      approval: Approval,
      fresh: { readonly fence: number; readonly ports: FreshPorts },
      start: Omit<WorkflowStart, 'ref'> & { readonly tag: string; readonly sha: string },
    ): Promise<void> =>
      atGitHub(`starting workflow ${start.workflow}`, async () => {
        const repository = await reads.repository();
        const there = await tagSha(start.tag);
        if (there !== null && there !== start.sha) throw tagTaken(start.tag);
        await assertFresh(approval, fresh.fence, fresh.ports, 'apply');
        assertAbout(approval, start.sha, repository.id);
        await makeTag(start.tag, start.sha);
        // Last of all, right before the act.
        await assertFresh(approval, fresh.fence, fresh.ports, 'apply');
        await dispatch({ workflow: start.workflow, ref: start.tag, inputs: start.inputs });
      }),

    /** Runs that were started by hand or by an App on a commit, all pages. */
    workflowRuns: (headSha: string): Promise<WorkflowRunView[]> =>
      atGitHub('looking for workflow runs', async () => {
        const found = await octokit.paginate(octokit.rest.actions.listWorkflowRunsForRepo, {
          ...{ ...repo, head_sha: headSha, event: 'workflow_dispatch', per_page: 100 },
        });
        return found.map((run) => ({
          ...{ id: run.id, name: run.display_title, actorId: run.actor?.id ?? null, headSha: run.head_sha },
          ...{ isOver: run.status === 'completed', conclusion: run.conclusion },
        }));
      }),

    /** Logs of the jobs of a run that is over, one after the other. */
    workflowLog: (runId: number): Promise<string> =>
      atGitHub('reading the log of a workflow run', async () => {
        const jobs = await octokit.paginate(octokit.rest.actions.listJobsForWorkflowRun, { ...repo, run_id: runId });
        const logs: string[] = [];
        for (const { id, conclusion } of jobs) {
          if (conclusion === 'skipped') continue;
          const { data } = await octokit.rest.actions.downloadJobLogsForWorkflowRun({ ...repo, job_id: id });
          logs.push(textOf(data).slice(-MOST_BYTES));
        }
        return logs.join('\n');
      }),

    /** The zip of an artifact of a run; null when there is none, or it has expired. */
    artifactZip: (runId: number, name: string): Promise<Uint8Array | null> =>
      atGitHub('reading an artifact of a workflow run', async () => {
        const { data } = await octokit.rest.actions.listWorkflowRunArtifacts({ ...repo, run_id: runId, name });
        const [found] = data.artifacts;
        if (found === undefined || found.expired) return null;
        if (data.artifacts.length > 1 || found.size_in_bytes > MOST_BYTES) throw notUsable();
        const zip = await octokit.rest.actions.downloadArtifact({
          ...{ ...repo, artifact_id: found.id, archive_format: 'zip' },
        });
        return new Uint8Array(zip.data as ArrayBuffer);
      }),
  };
}

const textOf = (data: unknown): string =>
  typeof data === 'string' ? data : data instanceof ArrayBuffer ? Buffer.from(data).toString('utf8') : '';

function assertAbout(approval: Approval, sha: string, repositoryId: number): void {
  const remedy = 'Enter the road again at confirm.';
  if (approval.evidenceSha !== sha) {
    throw new PlanwardenError('HEAD_MOVED', 'the approval is for another commit', { remedy });
  }
  if (approval.subject.target.repositoryId !== repositoryId) {
    throw new PlanwardenError('TARGET_CHANGED', 'the approval is for another repository', { remedy });
  }
}

const tagTaken = (tag: string): PlanwardenError =>
  new PlanwardenError('EFFECT_DOUBLE', `the tag ${tag} names another commit`, {
    remedy: 'Find out who made it; only Planwarden makes tags below planwarden/.',
    failure: 'needs_human',
  });

const notUsable = (): PlanwardenError =>
  new PlanwardenError('OUTSIDE_ANSWER_INVALID', 'the artifact of the plan is there twice, or is too large', {
    remedy: 'Ask for the change again.',
  });
