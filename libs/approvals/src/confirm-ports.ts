import type {
  BreakGlass,
  Decision,
  Demands,
  ManifestPlan,
  Person,
  Plan,
  Requester,
  Subject,
  Tally,
  Target,
  UncountedVote,
} from '@planwarden/contracts';
import type { FreshPorts } from './approval.js';
import type { FileEntry } from './subject.js';
import type { Authors, TallyInput } from './vote-tally.js';

/** What the journal recorded for this round. Never taken from the stored subject: it is what that is compared with. */
export interface JournalFacts {
  readonly installation: string;
  readonly requester: Requester;
  readonly quorum: number;
  readonly demands: Demands;
  readonly expiresAt: string;
  readonly policy: Subject['policy'];
  readonly graph: Subject['graph'];
  /** SHA of the evidence commit that publish-evidence made. */
  readonly evidenceSha: string;
  /** The plan as it was voted on. */
  readonly plan: Plan;
  readonly toolVersions: Readonly<Record<string, string>>;
  /** Digest of our block of the PR text as publish-evidence wrote it. */
  readonly blockDigest: string;
  /** Subject digests of earlier rounds. */
  readonly earlierDigests: readonly string[];
  /** Who pressed Discard, if anybody did. */
  readonly discardedBy: string | null;
  /** Whether an apply of this round took effect: then only its merge is left. */
  readonly applied: boolean;
}

export interface PullRequestFacts {
  /** `merged_by_us`: merged by our release App at the evidence commit (asked of GitHub, not of the journal). */
  readonly state: 'open' | 'closed' | 'merged_by_us' | 'merged_by_others';
  readonly headSha: string;
  /** Branch the PR would be merged into. */
  readonly baseBranch: string;
  /** False after a force-push: the evidence commit is no longer an ancestor of the head. */
  readonly headDescendsFromEvidence: boolean;
  readonly mergeSha: string | null;
  /** GitHub login of who merged, closed or pushed, for people to read. */
  readonly by: string | null;
  /** Digest of our block as it stands in the PR text now; null when the block is gone. */
  readonly blockDigest: string | null;
  /** True when our block read otherwise at any time since it was published, though it may read as published now. */
  readonly wasBlockOther: boolean;
}

export interface EvidenceFacts {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly tree: string;
  /** Tree of the only parent. */
  readonly parentTree: string;
  /** Values of every `Planwarden-Subject:` trailer, in order. */
  readonly trailers: readonly string[];
  /** Digest of the shipped workflow files at it; null where no workflow plans or applies. */
  readonly workflowsDigest: string | null;
}

export interface BaseFacts {
  readonly repositoryId: number;
  readonly mergeBase: string;
  /** Tree SHA (or null: absent) of the target's path at the base tip and at the merge base. */
  readonly tipSubtree: string | null;
  readonly mergeBaseSubtree: string | null;
}

/** What there is to compare a plan with now. */
export type PlanNow =
  | {
      readonly kind: 'manifest-plan/1';
      /** Made again, from the files at the code commit and the live cluster. */
      readonly plan: ManifestPlan;
      readonly toolVersions: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'terraform-plan/1';
      /** Of the saved plan file as it is kept now; null when it is gone. */
      readonly fileDigest: string | null;
      /** Of the lock file in the stack at the code commit; null where none is kept there. */
      readonly lockDigest: string | null;
      /** The state as it is now. */
      readonly state: { readonly lineage: string; readonly serial: number };
      readonly toolVersions: Readonly<Record<string, string>>;
    };

export interface Judgement {
  readonly allow: boolean;
  /** Quorum the policy asks for now. */
  readonly quorum: number;
}

/**
 * Everything confirm reads. Each function asks the source each time. A function whose source is down throws
 * PlanwardenError OUTSIDE_UNAVAILABLE (failure `retryable`): then the run keeps waiting.
 */
export interface ConfirmPorts extends FreshPorts {
  storedSubject(run: string, round: number): Promise<{ readonly json: string; readonly digest: string } | null>;
  journal(run: string, round: number): Promise<JournalFacts>;
  target(): Promise<Target>;
  people(): Promise<readonly Person[]>;
  pullRequest(): Promise<PullRequestFacts>;
  evidence(sha: string): Promise<EvidenceFacts>;
  base(): Promise<BaseFacts>;
  /** Files of the change at a commit: what the subject's files digest was made of. */
  changedFiles(sha: string): Promise<readonly FileEntry[]>;
  planNow(): Promise<PlanNow>;
  factsDigest(): Promise<string>;
  /** Judges plan and facts again with the policy and the facts of now. Asked only when one of them changed. */
  judgeAgain(): Promise<Judgement>;
  /**
   * Votes of all roads, all pages; `uncounted` are those refused where they were read, `gone` the references of rejects that
   * were seen there and are there no longer.
   */
  votes(
    digest: string,
    evidenceSha: string,
  ): Promise<Pick<TallyInput, 'votes' | 'gone'> & { readonly uncounted: readonly UncountedVote[] }>;
  voters(): Promise<{
    readonly authors: Authors;
    readonly agents: { readonly ids: readonly string[]; readonly githubIds: readonly number[] };
    readonly bots: { readonly githubIds: readonly number[] };
  }>;
  /** What is asked besides the number of votes by target and CODEOWNERS of now. */
  demands(): Promise<Demands>;
  /** A person's exception for this subject that is running now. */
  breakGlass(digest: string): Promise<BreakGlass | null>;
  /** Would GitHub take the merge of this commit now? `missing` names what it lacks; empty means yes. */
  mergeAcceptance(sha: string): Promise<{ readonly missing: readonly string[] }>;
  /** What the repository lacks of the protection that real targets must have, by name. */
  protection(): Promise<{ readonly missing: readonly string[] }>;
  /** Phase approval of the policy; it can only deny. */
  approvalDecision(subject: Subject, tally: Tally): Promise<Decision>;
}
