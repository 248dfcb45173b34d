import {
  isPlanwardenError,
  type Person,
  PlanwardenError,
  type Subject,
  type Tally,
  type Target,
} from '@planwarden/contracts';
import { freezeWords, grantApproval, isExpired } from './approval.js';
import { commitStop, pullRequestGone, releasedOutcome, textStop } from './confirm-commits.js';
import { type ConfirmOutcome, type ConfirmRequest, type Stop } from './confirm-outcome.js';
import { planStop } from './confirm-plan.js';
import type { ConfirmPorts, JournalFacts, PullRequestFacts } from './confirm-ports.js';
import { demandsStop, journalStop, policyStop, readStored, targetStop, trustStop } from './confirm-subject.js';
import { tallyVotes } from './vote-tally.js';

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
    (await policyStop(ports, subject, trust.policyBundle)) ??
    (await demandsStop(ports, subject));
  if (stop) return stop;

  const tally = await tallyOf(ports, journal, digest, people, target);
  const waiting =
    tallyStop(tally) ??
    (await freezeStop(ports, digest, tally)) ??
    (await protectionStop(ports, tally)) ??
    (await mergeStop(ports, journal, tally));
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
  return tallyVotes({
    subjectDigest: digest,
    ...(await ports.votes(digest, journal.evidenceSha)),
    people,
    target,
    requester: journal.requester,
    ...(await ports.voters()),
    quorum: journal.quorum,
    demands: journal.demands,
    breakGlass: await ports.breakGlass(digest),
    earlierDigests: journal.earlierDigests,
  });
}

const expired: Stop = { kind: 'expired', code: 'SUBJECT_EXPIRED', message: 'the approval subject has expired' };
const expiryStop = (subject: Subject, now: Date): Stop | null => (isExpired(subject, now.getTime()) ? expired : null);

function tallyStop(tally: Tally): Stop | null {
  if (tally.reached && tally.rejects.length === 0) return null;
  const code = tally.rejects.length > 0 ? 'VOTE_REJECTED' : 'VOTES_BELOW_QUORUM';
  return { kind: 'keep-waiting', code, message: tally.missing.join('; '), tally };
}

async function freezeStop(ports: ConfirmPorts, digest: string, tally: Tally): Promise<Stop | null> {
  const freeze = await ports.freeze(digest);
  return freeze === null ? null : { kind: 'keep-waiting', code: 'FREEZE', message: freezeWords(freeze), tally };
}

async function protectionStop(ports: ConfirmPorts, tally: Tally): Promise<Stop | null> {
  const { missing } = await ports.protection();
  if (missing.length === 0) return null;
  const message = `the repository is not protected: ${missing.join('; ')}`;
  return { kind: 'keep-waiting', code: 'UNPROTECTED', message, tally };
}

async function mergeStop(ports: ConfirmPorts, journal: JournalFacts, tally: Tally): Promise<Stop | null> {
  const { missing } = await ports.mergeAcceptance(journal.evidenceSha);
  if (missing.length === 0) return null;
  const message = `GitHub would not take this merge: ${missing.join('; ')}`;
  return { kind: 'keep-waiting', code: 'MERGE_BLOCKED', message, tally };
}
