import { type ErrorCode, PlanwardenError, type Subject } from '@planwarden/contracts';
import { newRound, type Stop } from './confirm-outcome.js';
import type { ConfirmPorts, JournalFacts, PullRequestFacts } from './confirm-ports.js';
import { filesDigest } from './subject.js';

/** An earlier attempt of ours merged the evidence commit. @throws PlanwardenError EFFECT_IN_DOUBT (retryable) */
export function releasedOutcome(pull: PullRequestFacts): Stop {
  if (pull.mergeSha === null) {
    throw new PlanwardenError('EFFECT_IN_DOUBT', 'our merge is there but its commit is not named yet', {
      remedy: 'The run looks again; nothing is released twice.',
      failure: 'retryable',
    });
  }
  return { kind: 'released', mergeSha: pull.mergeSha };
}

/** Merged, closed or force-pushed by somebody else. */
export function pullRequestGone(pull: PullRequestFacts): Stop | null {
  const superseded = (code: ErrorCode, message: string): Stop => ({ kind: 'superseded', code, message, by: pull.by });
  if (pull.state === 'merged_by_others') return superseded('PR_MERGED_BY_OTHERS', 'somebody else merged the PR');
  if (pull.state === 'closed') return superseded('PR_CLOSED', 'somebody else closed the PR');
  if (!pull.headDescendsFromEvidence) return superseded('HEAD_MOVED', 'somebody else force-pushed the branch');
  return null;
}

/** Head, evidence commit, base and files, each as the subject says. */
export async function commitStop(
  ports: ConfirmPorts,
  subject: Subject,
  digest: string,
  journal: JournalFacts,
  pull: PullRequestFacts,
): Promise<Stop | null> {
  if (pull.baseBranch !== subject.target.baseBranch) {
    const message = 'somebody else pointed the PR at another base branch';
    return { kind: 'superseded', code: 'BASE_MOVED', message, by: pull.by };
  }
  if (pull.headSha !== journal.evidenceSha) return newRound('HEAD_MOVED', 'the branch moved after the evidence commit');
  const evidence = await ports.evidence(journal.evidenceSha);
  if (evidence.sha !== journal.evidenceSha || evidence.parents.length !== 1) {
    return newRound('EVIDENCE_DIFFERS', 'the evidence commit is not the one the journal names');
  }
  if (evidence.parents[0] !== subject.change.codeSha) {
    return newRound('EVIDENCE_DIFFERS', 'the evidence commit has another parent', 'change.codeSha');
  }
  if (evidence.tree !== evidence.parentTree) {
    return newRound('TREE_DIFFERS', 'the evidence commit has another tree than the code commit', 'change.codeSha');
  }
  if (evidence.trailers.length !== 1 || evidence.trailers[0] !== digest) {
    return newRound('EVIDENCE_DIFFERS', 'the evidence commit does not name this subject', 'digest');
  }
  if (evidence.workflowsDigest !== (subject.change.workflowsDigest ?? null)) {
    const message = 'the workflow files of the commit are not the ones voted on';
    return newRound('WORKFLOWS_DIFFER', message, 'change.workflowsDigest');
  }
  const moved = await baseStop(ports, subject);
  if (moved) return moved;
  const files = filesDigest(await ports.changedFiles(journal.evidenceSha));
  if (files !== subject.change.filesDigest) {
    return newRound('TREE_DIFFERS', 'the files of the commit are not the ones voted on', 'change.filesDigest');
  }
  return null;
}

/** The base as it was planned on. Asked once more by whoever came into a lock only after confirm had read it. */
export async function baseStop(ports: Pick<ConfirmPorts, 'base'>, subject: Subject): Promise<Stop | null> {
  const base = await ports.base();
  if (base.repositoryId !== subject.target.repositoryId) {
    return newRound('TARGET_CHANGED', 'the repository is another one', 'target.repositoryId');
  }
  if (base.mergeBase !== subject.change.baseSha) {
    return newRound('BASE_MOVED', 'the branch now starts at another base commit', 'change.baseSha');
  }
  if (base.tipSubtree !== base.mergeBaseSubtree) {
    return newRound('BASE_MOVED', "the base branch changed below the target's path", 'change.baseSha');
  }
  return null;
}

/** What people read when they voted: a text that was put back in time is no better than one that was not. */
export function textStop(pull: PullRequestFacts, journal: JournalFacts): Stop | null {
  if (pull.blockDigest === journal.blockDigest && !pull.wasBlockOther) return null;
  return newRound('PR_TEXT_EDITED', 'our block of the PR text was edited after it was published');
}
