/** What the sandbox keeps of workflow runs. Logs and artifacts are files beside it. */
export type RunStatus = 'queued' | 'pending' | 'in_progress' | 'completed';
export type RunConclusion = 'success' | 'failure' | 'cancelled' | 'skipped' | 'timed_out';

export interface StepRecord {
  name: string;
  number: number;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: 'success' | 'failure' | 'skipped' | 'cancelled' | null;
  startedAt: string | null;
  completedAt: string | null;
}

export interface JobRecord {
  id: number;
  key: string;
  name: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: RunConclusion | null;
  createdAt: string;
  startedAt: string;
  completedAt: string | null;
  steps: StepRecord[];
}

export interface WorkflowRunRecord {
  id: number;
  /** Counts the runs of the workflow. */
  number: number;
  workflowId: number;
  path: string;
  /** Name of the workflow, and of this run (`run-name`). */
  name: string;
  title: string;
  /** `refs/heads/...` or `refs/tags/...`. */
  ref: string;
  headSha: string;
  actorId: number;
  inputs: Record<string, string>;
  group: string | null;
  status: RunStatus;
  conclusion: RunConclusion | null;
  createdAt: string;
  startedAt: string;
  updatedAt: string;
  jobs: JobRecord[];
}

export interface ArtifactRecord {
  id: number;
  runId: number;
  name: string;
  size: number;
  digest: string;
  createdAt: string;
  expiresAt: string;
}

export interface ActionsState {
  workflows: Array<{ id: number; path: string }>;
  runs: WorkflowRunRecord[];
  artifacts: ArtifactRecord[];
}

export const noActions = (): ActionsState => ({ workflows: [], runs: [], artifacts: [] });
