import {
  canonicalJson,
  type Decision,
  type ErrorCode,
  isPlanwardenError,
  type ManifestPlan,
  type Person,
  PlanwardenError,
  type Subject,
  type Tally,
  type Target,
  type TerraformPlan,
} from '@planwarden/contracts';
import { type Approval, grantApproval, isExpired } from './approval.js';
import type { ConfirmPorts, JournalFacts, PlanNow, PullRequestFacts } from './confirm-ports.js';
import { filesDigest, parseSubject, peopleDigest, subjectDigest, targetConfigurationDigest } from './subject.js';
import { tallyVotes } from './vote-tally.js';

export interface ConfirmRequest {
  readonly run: string;
  readonly round: number;
  /** Fencing number of the lease under which the Approval may be used. */
  readonly fence: number;
}

interface Reason {
  readonly code: ErrorCode;
  readonly message: string;
  /** Dotted field of the subject that differs, where one does. */
  readonly field?: string;
}

export type ConfirmOutcome =
  | { readonly kind: 'approved'; readonly approval: Approval; readonly tally: Tally }
  /** An earlier attempt of ours already merged the evidence commit: nothing is released twice. */
  | { readonly kind: 'released'; readonly mergeSha: string }
  | ({ readonly kind: 'keep-waiting'; readonly tally: Tally | null } & Reason)
  | ({ readonly kind: 'new-round' } & Reason)
  | { readonly kind: 'expired'; readonly code: 'SUBJECT_EXPIRED'; readonly message: string }
  | ({ readonly kind: 'superseded'; readonly by: string | null } & Reason)
  /** Applied, and the merge cannot be released: a person must look. */
  | ({ readonly kind: 'unmerged' } & Reason)
  | { readonly kind: 'discarded'; readonly by: string }
  | { readonly kind: 'denied'; readonly decision: Decision; readonly tally: Tally };

type Stop = Exclude<ConfirmOutcome, { kind: 'approved' }>;

/**
 * Reads everything anew and compares it with the subject that was voted on. An expected refusal is an outcome.
 * @throws PlanwardenError what a port threw, save OUTSIDE_UNAVAILABLE, which keeps the run waiting
 */
export async function confirm(ports: ConfirmPorts, request: ConfirmRequest): Promise<ConfirmOutcome> {
  try {
    return await confirmed(ports, request);
  } catch (error) {
    if (isPlanwardenError(error) && error.code === 'OUTSIDE_UNAVAILABLE' && error.failure === 'retryable') {
      return { kind: 'keep-waiting', code: error.code, message: error.message, tally: null };
    }
    throw error;
  }
}

const previewed = new PlanwardenError(
  'PLAN_UNAVAILABLE',
  'what was voted on is a preview, no plan: nothing is released',
  {
    remedy: 'Install the binary the target names and ask for the change again.',
  },
);

async function confirmed(ports: ConfirmPorts, request: ConfirmRequest): Promise<ConfirmOutcome> {
  // Grows old from here: whatever the reads below take counts against the Approval's 60 seconds.
  const started = await ports.now();
  const journal = await ports.journal(request.run, request.round);
  if (journal.plan.kind === 'terraform-preview/1') throw previewed;
  const pull = await ports.pullRequest();
  // First what an earlier attempt of ours already released: our own merge is never a refusal of itself.
  if (pull.state === 'merged_by_us') return releasedOutcome(pull);
  if (journal.applied) return mergeAfterApply(ports, request, journal, pull, started);
  if (journal.discardedBy !== null) return { kind: 'discarded', by: journal.discardedBy };
  const gone = pullRequestGone(pull);
  if (gone) return gone;

  const stored = await readStored(ports, request);
  if ('kind' in stored) return stored;
  const { subject, digest } = stored;
  const target = await ports.target();
  const people = await ports.people();
  const trust = {
    people: await ports.peopleDigest(),
    policyBundle: await ports.policyBundleDigest(),
    targetConfiguration: await ports.targetConfigurationDigest(),
  };
  const stop =
    trustStop(trust, target, people) ??
    journalStop(subject, journal, request) ??
    expiryStop(subject, started) ??
    targetStop(subject, target) ??
    (await commitStop(ports, subject, digest, journal, pull)) ??
    (await planStop(ports, subject, journal)) ??
    textStop(pull, journal) ??
    (await policyStop(ports, subject, trust.policyBundle));
  if (stop) return stop;

  const tally = await tallyOf(ports, journal, digest, people, target);
  const waiting = tallyStop(tally) ?? (await mergeStop(ports, journal, tally));
  if (waiting) return waiting;
  const decision = await ports.approvalDecision(subject, tally);
  if (!decision.allow) return { kind: 'denied', decision, tally };
  if (isExpired(subject, (await ports.now()).getTime())) return expired;
  const approval = grantApproval({
    subject,
    subjectDigest: digest,
    evidenceSha: journal.evidenceSha,
    tally,
    fence: request.fence,
    grantedAtMs: started.getTime(),
    digests: trust,
    releases: 'everything',
  });
  return { kind: 'approved', approval, tally };
}

/**
 * After a Terraform apply of this round: votes, freeze and expiry were spent by it. The merge compares head, tree and
 * base only, and what does not agree waits for a person: what was applied cannot be taken back by a new round.
 */
async function mergeAfterApply(
  ports: ConfirmPorts,
  request: ConfirmRequest,
  journal: JournalFacts,
  pull: PullRequestFacts,
  started: Date,
): Promise<ConfirmOutcome> {
  const stored = await readStored(ports, request);
  if ('kind' in stored) return unmerged(stored);
  const { subject, digest } = stored;
  const stop = pullRequestGone(pull) ?? (await commitStop(ports, subject, digest, journal, pull));
  if (stop) return unmerged(stop);
  const { missing } = await ports.mergeAcceptance(journal.evidenceSha);
  if (missing.length > 0) {
    const message = `applied, but not merged: GitHub would not take it: ${missing.join('; ')}`;
    return { kind: 'unmerged', code: 'MERGE_BLOCKED', message };
  }
  const tally = await tallyOf(ports, journal, digest, await ports.people(), await ports.target());
  const approval = grantApproval({
    subject,
    subjectDigest: digest,
    evidenceSha: journal.evidenceSha,
    tally,
    fence: request.fence,
    grantedAtMs: started.getTime(),
    digests: { people: '', policyBundle: '', targetConfiguration: '' },
    releases: 'merge',
  });
  return { kind: 'approved', approval, tally };
}

const unmerged = (stop: Stop): ConfirmOutcome =>
  'code' in stop
    ? { kind: 'unmerged', code: stop.code, message: `applied, but not merged: ${stop.message}` }
    : { kind: 'unmerged', code: 'MERGE_REFUSED', message: 'applied, but not merged' };

async function tallyOf(
  ports: ConfirmPorts,
  journal: JournalFacts,
  digest: string,
  people: readonly Person[],
  target: Target,
): Promise<Tally> {
  const { votes, uncounted } = await ports.votes(digest, journal.evidenceSha);
  return tallyVotes({
    subjectDigest: digest,
    votes,
    uncounted,
    people,
    target,
    requester: journal.requester,
    ...(await ports.voters()),
    quorum: journal.quorum,
    earlierDigests: journal.earlierDigests,
  });
}

function releasedOutcome(pull: PullRequestFacts): Stop {
  if (pull.mergeSha === null) {
    throw new PlanwardenError('EFFECT_IN_DOUBT', 'our merge is there but its commit is not named yet', {
      remedy: 'The run looks again; nothing is released twice.',
      failure: 'retryable',
    });
  }
  return { kind: 'released', mergeSha: pull.mergeSha };
}

function pullRequestGone(pull: PullRequestFacts): Stop | null {
  const superseded = (code: ErrorCode, message: string): Stop => ({ kind: 'superseded', code, message, by: pull.by });
  if (pull.state === 'merged_by_others') return superseded('PR_MERGED_BY_OTHERS', 'somebody else merged the PR');
  if (pull.state === 'closed') return superseded('PR_CLOSED', 'somebody else closed the PR');
  if (!pull.headDescendsFromEvidence) return superseded('HEAD_MOVED', 'somebody else force-pushed the branch');
  return null;
}

async function readStored(
  ports: ConfirmPorts,
  { run, round }: ConfirmRequest,
): Promise<Stop | { readonly subject: Subject; readonly digest: string }> {
  const stored = await ports.storedSubject(run, round);
  if (stored === null) return newRound('SUBJECT_CHANGED', 'no approval subject is stored for this round');
  try {
    const subject = parseSubject(stored.json);
    const digest = subjectDigest(subject);
    if (digest === stored.digest) return { subject, digest };
    return newRound('SUBJECT_CHANGED', 'the stored subject does not hash to the digest that was voted on', 'digest');
  } catch (error) {
    if (!isPlanwardenError(error) || error.code !== 'SUBJECT_CHANGED') throw error;
    return newRound('SUBJECT_CHANGED', error.message, error.where?.field);
  }
}

/** The digests that assertFresh compares must be digests of what is judged here. */
function trustStop(
  trust: { people: string; targetConfiguration: string },
  target: Target,
  people: readonly Person[],
): Stop | null {
  if (trust.people !== peopleDigest(people)) {
    return {
      kind: 'keep-waiting',
      code: 'PEOPLE_CHANGED',
      message: 'people changed while they were read',
      tally: null,
    };
  }
  if (trust.targetConfiguration !== targetConfigurationDigest(target)) {
    return newRound('TARGET_CHANGED', 'the target changed while it was read', 'target.configurationDigest');
  }
  return null;
}

function journalStop(subject: Subject, journal: JournalFacts, request: ConfirmRequest): Stop | null {
  return firstDifference('SUBJECT_CHANGED', 'differs from what the journal recorded', [
    ['installation', subject.installation, journal.installation],
    ['run', subject.run, request.run],
    ['round', subject.round, request.round],
    ['requester.principal', subject.requester.principal, journal.requester.principal],
    ['requester.onBehalfOf', subject.requester.onBehalfOf, journal.requester.onBehalfOf],
    ['quorum', subject.quorum, journal.quorum],
    ['expiresAt', subject.expiresAt, journal.expiresAt],
    ['policy.bundleDigest', subject.policy.bundleDigest, journal.policy.bundleDigest],
    ['policy.inputDigest', subject.policy.inputDigest, journal.policy.inputDigest],
    ['policy.decisionDigest', subject.policy.decisionDigest, journal.policy.decisionDigest],
    ['policy.waivers', subject.policy.waivers, journal.policy.waivers],
    ['graph.snapshotId', subject.graph.snapshotId, journal.graph.snapshotId],
    ['graph.factsDigest', subject.graph.factsDigest, journal.graph.factsDigest],
  ]);
}

const expired: Stop = { kind: 'expired', code: 'SUBJECT_EXPIRED', message: 'the approval subject has expired' };
const expiryStop = (subject: Subject, now: Date): Stop | null => (isExpired(subject, now.getTime()) ? expired : null);

function targetStop(subject: Subject, target: Target): Stop | null {
  return firstDifference('TARGET_CHANGED', "differs from the target's configuration now", [
    ['target.name', subject.target.name, target.name],
    ['target.environment', subject.target.environment, target.environment],
    ['target.baseBranch', subject.target.baseBranch, target.baseBranch],
    ['target.path', subject.target.path, target.path],
    ['target.cluster', subject.target.cluster ?? null, target.kind === 'manifests' ? target.cluster : null],
    ['target.stack', subject.target.stack ?? null, target.kind === 'terraform' ? target.stack : null],
    ['target.delivery', subject.target.delivery, target.delivery],
    ['target.configurationDigest', subject.target.configurationDigest, targetConfigurationDigest(target)],
    ['quorum', subject.quorum >= target.quorum, true],
  ]);
}

async function commitStop(
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
  const files = filesDigest(await ports.changedFiles(journal.evidenceSha));
  if (files !== subject.change.filesDigest) {
    return newRound('TREE_DIFFERS', 'the files of the commit are not the ones voted on', 'change.filesDigest');
  }
  return null;
}

async function planStop(ports: ConfirmPorts, subject: Subject, journal: JournalFacts): Promise<Stop | null> {
  if (journal.plan.kind !== subject.plan.kind) return newRound('SUBJECT_CHANGED', 'another kind of plan', 'plan.kind');
  if (journal.plan.digest !== subject.plan.digest) {
    return newRound('SUBJECT_CHANGED', 'plan.digest differs from what the journal recorded', 'plan.digest');
  }
  const now = await ports.planNow();
  if (journal.plan.kind === 'manifest-plan/1' && now.kind === 'manifest-plan/1') {
    return manifestStop(subject, journal.plan, now);
  }
  if (journal.plan.kind === 'terraform-plan/1' && now.kind === 'terraform-plan/1') {
    return terraformStop(subject, journal.plan, now);
  }
  return newRound('SUBJECT_CHANGED', 'another kind of plan', 'plan.kind');
}

function manifestStop(
  subject: Subject,
  planned: ManifestPlan,
  again: Extract<PlanNow, { kind: 'manifest-plan/1' }>,
): Stop | null {
  const live = new Map(again.plan.objects.map((object) => [keyOf(object), object.liveDigest]));
  for (const object of planned.objects) {
    const now = live.get(keyOf(object));
    if (now !== undefined && now !== object.liveDigest) {
      const name = [object.kind, object.namespace, object.name].filter((part) => part !== null).join('/');
      return newRound('LIVE_CHANGED', `${name} changed in the cluster since the plan`, 'plan.digest');
    }
  }
  if (again.plan.digest !== subject.plan.digest) {
    return newRound('PLAN_STALE', 'the plan made now differs from the one voted on', 'plan.digest');
  }
  return firstDifference('PLAN_STALE', 'differs from the tools that planned now', [
    ['plan.toolVersions', subject.plan.toolVersions, again.toolVersions],
  ]);
}

/** The saved plan is what is applied: it must still be the file, and the state the one it was made on. */
function terraformStop(
  subject: Subject,
  planned: TerraformPlan,
  now: Extract<PlanNow, { kind: 'terraform-plan/1' }>,
): Stop | null {
  return (
    firstDifference('SUBJECT_CHANGED', 'differs from what the journal recorded', [
      ['plan.fileDigest', subject.plan.fileDigest ?? null, planned.fileDigest],
      ['plan.lockDigest', subject.plan.lockDigest ?? null, planned.lockDigest],
      ['plan.state', subject.plan.state ?? null, planned.state],
    ]) ??
    firstDifference('PLAN_STALE', 'is not what the plan was made on', [
      ['plan.fileDigest', planned.fileDigest, now.fileDigest],
      ['plan.state.lineage', planned.state.lineage, now.state.lineage],
      ['plan.state.serial', planned.state.serial, now.state.serial],
      ['plan.toolVersions', subject.plan.toolVersions, now.toolVersions],
    ])
  );
}

const keyOf = (object: { cluster: string; group: string; kind: string; namespace: string | null; name: string }) =>
  canonicalJson([object.cluster, object.group, object.kind, object.namespace, object.name]);

function textStop(pull: PullRequestFacts, journal: JournalFacts): Stop | null {
  return pull.blockDigest === journal.blockDigest
    ? null
    : newRound('PR_TEXT_EDITED', 'our block of the PR text was edited after it was published');
}

/** A changed bundle or facts document is judged again: neutral keeps, a new denial or a higher quorum voids. */
async function policyStop(ports: ConfirmPorts, subject: Subject, bundleDigest: string): Promise<Stop | null> {
  const isPolicyNew = bundleDigest !== subject.policy.bundleDigest;
  const areFactsNew = (await ports.factsDigest()) !== subject.graph.factsDigest;
  if (!isPolicyNew && !areFactsNew) return null;
  const judgement = await ports.judgeAgain();
  if (judgement.allow === true && judgement.quorum <= subject.quorum) return null;
  const why = judgement.allow === true ? 'more votes are asked for now' : 'the change is denied now';
  return isPolicyNew
    ? newRound('POLICY_CHANGED', `the policy changed: ${why}`, 'policy.bundleDigest')
    : newRound('FACTS_CHANGED', `the facts changed: ${why}`, 'graph.factsDigest');
}

function tallyStop(tally: Tally): Stop | null {
  if (tally.reached && tally.rejects.length === 0) return null;
  const code = tally.rejects.length > 0 ? 'VOTE_REJECTED' : 'VOTES_BELOW_QUORUM';
  return { kind: 'keep-waiting', code, message: tally.missing.join('; '), tally };
}

async function mergeStop(ports: ConfirmPorts, journal: JournalFacts, tally: Tally): Promise<Stop | null> {
  const { missing } = await ports.mergeAcceptance(journal.evidenceSha);
  if (missing.length === 0) return null;
  const message = `GitHub would not take this merge: ${missing.join('; ')}`;
  return { kind: 'keep-waiting', code: 'MERGE_BLOCKED', message, tally };
}

type Comparison = readonly [field: string, stored: unknown, actual: unknown];

function firstDifference(code: ErrorCode, words: string, fields: readonly Comparison[]): Stop | null {
  const found = fields.find(([, stored, actual]) => canonicalJson(stored) !== canonicalJson(actual));
  return found ? newRound(code, `${found[0]} ${words}`, found[0]) : null;
}

function newRound(code: ErrorCode, message: string, field?: string): Stop {
  return { kind: 'new-round', code, message, ...(field === undefined ? {} : { field }) };
}
