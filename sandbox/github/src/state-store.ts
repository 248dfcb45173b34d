import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type ActionsState, noActions } from './actions/action-records.js';
import type { EditRecord } from './content-edits.js';
import type { Json } from './http-kit.js';

export interface PullRecord {
  id: number;
  number: number;
  title: string;
  body: string | null;
  draft: boolean;
  state: 'open' | 'closed';
  userId: number;
  head: string;
  base: string;
  headSha: string;
  baseSha: string;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  mergedAt: string | null;
  mergedById: number | null;
  mergeSha: string | null;
  reviewerIds: number[];
  /** Of its text. Absent: never edited. */
  edits?: EditRecord[];
}

export type ReviewState = 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED' | 'PENDING';
export interface ReviewRecord {
  id: number;
  pull: number;
  userId: number;
  body: string;
  state: ReviewState;
  commitId: string;
  submittedAt: string;
  /** Set once somebody dismissed it by hand. */
  dismissal?: { id: number; by: number; at: string; message: string; was: 'approved' | 'changes_requested' };
}

/** A comment on a line of the diff; it shows with the review it belongs to. */
export interface ReviewCommentRecord {
  id: number;
  review: number;
  pull: number;
  userId: number;
  body: string;
  path: string;
  /** 1-based; null for a comment on the whole file. */
  line: number | null;
  side: 'LEFT' | 'RIGHT';
  commitId: string;
  diffHunk: string;
  createdAt: string;
}

export interface CommentRecord {
  id: number;
  issue: number;
  userId: number;
  body: string;
  createdAt: string;
  updatedAt: string;
  /** Absent: never edited. */
  edits?: EditRecord[];
}

export interface CheckRecord {
  id: number;
  appId: number;
  name: string;
  headSha: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  startedAt: string;
  completedAt: string | null;
  externalId: string;
  detailsUrl: string;
  output: { title: string | null; summary: string | null; text: string | null; annotations: Json[] };
}

/** One move of a ref, and whose push it was. */
export interface ActivityRecord {
  id: number;
  ref: string;
  before: string;
  after: string;
  at: string;
  type: 'push' | 'force_push' | 'branch_creation' | 'branch_deletion';
  userId: number;
}

export interface RepositoryState {
  nextNumber: number;
  pulls: PullRecord[];
  reviews: ReviewRecord[];
  reviewComments: ReviewCommentRecord[];
  comments: CommentRecord[];
  checks: CheckRecord[];
  actions: ActionsState;
  /** Absent in a state that was kept before there was any. */
  activities?: ActivityRecord[];
}

export interface SandboxState {
  version: 1;
  nextId: number;
  repositories: Record<string, RepositoryState>;
  /** Installation tokens, by SHA-256 of the token: the file alone opens nothing. */
  tokens: Array<{ digest: string; appId: number; expiresAt: string }>;
}

/** Everything that is not a git object, in one file, replaced as a whole so that a crash leaves the old or the new one. */
export class StateStore {
  private constructor(
    private readonly path: string,
    readonly state: SandboxState,
  ) {}

  static async open(folder: string): Promise<StateStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'state.json');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const empty: SandboxState = { version: 1, nextId: 100_000, repositories: {}, tokens: [] };
    return new StateStore(path, text === undefined ? empty : (JSON.parse(text) as SandboxState));
  }

  nextId(): number {
    this.state.nextId += 1;
    return this.state.nextId;
  }

  repository(fullName: string): RepositoryState {
    const found = this.state.repositories[fullName];
    if (found) {
      // A state from before there were workflows, or comments on lines.
      found.actions ??= noActions();
      found.reviewComments ??= [];
      return found;
    }
    const fresh: RepositoryState = {
      ...{ nextNumber: 1, pulls: [], reviews: [], reviewComments: [], comments: [], checks: [] },
      actions: noActions(),
    };
    this.state.repositories[fullName] = fresh;
    return fresh;
  }

  /** Durable when it returns. Callers hold the sandbox's write lock, so saves never overlap. */
  async save(): Promise<void> {
    const next = `${this.path}.next`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(this.state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.path);
  }
}
