import { type ConfirmPorts, type EvidenceFacts, type PullRequestFacts } from '@planwarden/approvals';
import { isPlanwardenError, PlanwardenError, type Target } from '@planwarden/contracts';
import type { RunRecord, Shape } from '@planwarden/runs';
import { blockDigest, subjectTrailers, wasBlockOther } from '@planwarden/source-control';
import { changedEntries } from './branch-files.js';
import {
  checkPlanRecord,
  evidenceRecord,
  type PullRequestRecord,
  planRecord,
  pullRequestRecord,
  validateRecord,
} from './change.records.js';
import type { ChangeServices } from './change.services.js';
import { demandsOf } from './demands.js';
import { factsOfPlan } from './facts.js';
import { judge, judgeFiles } from './judge.js';
import { makePlan } from './make-plan.js';
import { missingProtection } from './protection.js';
import { actorOf } from './run-request.js';
import { workflowsDigest } from './terraform/actions/workflow-files.js';
import { planNow } from './terraform/plan-stack.js';
import { wasApplied } from './terraform/was-applied.js';
import { readVoters, readVotes } from './votes.js';

/** Reads a step's output in this run. */
export type ReadOutput = <T>(step: string, shape: Shape<T>) => Promise<T>;

/** Outputs of a run from outside a step: for pages and tools. */
export function outputsOf({ runs }: Pick<ChangeServices, 'runs'>, run: RunRecord): ReadOutput {
  return async (step, shape) => {
    const found = await runs.output(run.id, step, run.round);
    if (found !== undefined) return shape.parse(found);
    throw new PlanwardenError('NOT_AWAITING_APPROVAL', `the run has no ${step} yet`, {
      remedy: 'Look again when the run awaits approval.',
    });
  };
}

/** Everything confirm reads, each from its own source: GitHub, the cluster, planwarden.yaml, policy, the journal. */
export function confirmPorts(services: ChangeServices, run: RunRecord, output: ReadOutput): ConfirmPorts {
  const target = (): Target => services.config.target(run.target);
  const github = () => services.sourceControl(target());
  const pull = () => output('open-pull-request', pullRequestRecord);
  return {
    ...services.fresh(run.target),
    storedSubject: (id, round) => services.subjects.find(id, round),
    journal: async () => {
      const [planned, checked, evidence] = await Promise.all([
        output('plan', planRecord),
        output('check-plan', checkPlanRecord),
        output('publish-evidence', evidenceRecord),
      ]);
      const current = await services.runs.get(run.id);
      return {
        installation: services.installation,
        requester: run.requester,
        quorum: checked.quorum,
        demands: checked.demands,
        expiresAt: evidence.expiresAt,
        policy: {
          bundleDigest: checked.decision.bundleDigest,
          inputDigest: checked.decision.inputDigest,
          decisionDigest: checked.decision.digest,
          waivers: [],
        },
        graph: { snapshotId: checked.snapshotId, factsDigest: checked.factsDigest },
        evidenceSha: evidence.evidenceSha,
        plan: planned.plan,
        toolVersions: planned.toolVersions,
        blockDigest: evidence.blockDigest,
        earlierDigests: await services.subjects.earlierDigests(run.id, run.round),
        discardedBy: current.discard?.by ?? null,
        applied: await wasApplied(services, run, target(), planned.plan, (await pull()).codeSha),
      };
    },
    target: async () => target(),
    people: async () => services.config.people(),
    pullRequest: async () =>
      pullRequestFacts(services, target(), await pull(), await output('publish-evidence', evidenceRecord)),
    evidence: (sha) => evidenceFacts(services, target(), sha),
    base: async () => {
      const { branch } = await pull();
      const { baseBranch, path } = target();
      const tip = await github().branchHead(baseBranch);
      if (tip === null) throw gone(baseBranch);
      const { mergeBase } = await github().compare(tip, branch);
      return {
        repositoryId: (await github().repository()).id,
        mergeBase,
        tipSubtree: await github().subtreeSha(tip, path),
        mergeBaseSubtree: await github().subtreeSha(mergeBase, path),
      };
    },
    changedFiles: async (sha) => changedEntries(github(), (await pull()).baseSha, sha),
    planNow: async () => {
      const at = target();
      if (at.kind === 'terraform') return planNow(services, at, run, (await pull()).codeSha);
      return { kind: 'manifest-plan/1', ...(await makePlan(services, at, await pull())) };
    },
    factsDigest: async () => {
      const { plan } = await output('plan', planRecord);
      return (await factsOfPlan(services, target(), plan)).factsDigest;
    },
    judgeAgain: async () => {
      const { plan } = await output('plan', planRecord);
      const { facts } = await factsOfPlan(services, target(), plan);
      const input = { actor: actorOf(services, run.requester, run.persona), target: target(), plan, facts };
      const decision = await judge(services, 'plan', input, { run: run.id, round: run.round, step: 'confirm' });
      // What is new in policy may be about the files alone.
      const files = await judgeFiles(services, run, await output('validate', validateRecord), 'confirm');
      return { allow: files.allow && decision.allow, quorum: target().quorum };
    },
    votes: (digest, evidenceSha) => readVotes(services, run, output, digest, evidenceSha),
    voters: () => readVoters(services, run, output),
    demands: async () => demandsOf(services, target(), await pull()),
    breakGlass: (digest) => services.breakGlass.running(digest),
    mergeAcceptance: async (sha) => github().checkMergeAcceptance((await pull()).number, sha),
    protection: async () => ({ missing: services.mustBeProtected ? await missingProtection(services, target()) : [] }),
    approvalDecision: (subject, tally) =>
      judge(
        services,
        'approval',
        { subject, tally, target: target() },
        { run: run.id, round: run.round, step: 'confirm' },
      ),
  };
}

async function pullRequestFacts(
  services: ChangeServices,
  target: Target,
  pull: PullRequestRecord,
  evidence: { readonly evidenceSha: string; readonly blockDigest: string },
): Promise<PullRequestFacts> {
  const github = services.sourceControl(target);
  const now = await github.pullRequest(pull.number);
  const merge = await github.findMerge(pull.number, evidence.evidenceSha);
  const state = merge.kind === 'ours' ? 'merged_by_us' : merge.kind === 'others' ? 'merged_by_others' : merge.kind;
  return {
    state,
    headSha: now.headSha,
    baseBranch: now.baseBranch,
    headDescendsFromEvidence: await descends(services, target, evidence.evidenceSha, now.headSha),
    mergeSha: merge.kind === 'ours' ? merge.mergeSha : null,
    by: merge.kind === 'others' ? merge.by : null,
    blockDigest: blockDigest(now.body),
    wasBlockOther: wasBlockOther(await github.textEdits(pull.number), now.body, evidence.blockDigest),
  };
}

/** Whether a commit stands in the history of another. */
async function descends(services: ChangeServices, target: Target, ancestor: string, head: string): Promise<boolean> {
  if (ancestor === head) return true;
  try {
    return (await services.sourceControl(target).compare(ancestor, head)).mergeBase === ancestor;
  } catch (error) {
    // Commits without a common ancestor cannot be compared: that is an answer.
    if (isPlanwardenError(error) && error.code === 'OUTSIDE_REFUSED') return false;
    throw error;
  }
}

async function evidenceFacts(services: ChangeServices, target: Target, sha: string): Promise<EvidenceFacts> {
  const github = services.sourceControl(target);
  const commit = await github.commit(sha);
  const parent = commit.parents[0];
  return {
    sha: commit.sha,
    parents: commit.parents,
    tree: commit.tree,
    parentTree: parent === undefined ? '' : (await github.commit(parent)).tree,
    trailers: subjectTrailers(commit.message),
    workflowsDigest: await workflowsDigest(github, target, sha),
  };
}

function gone(branch: string): PlanwardenError {
  return new PlanwardenError('OUTSIDE_REFUSED', `the base branch ${branch} is not there`, {
    remedy: 'Restore the branch, or mend baseBranch of the target.',
  });
}
