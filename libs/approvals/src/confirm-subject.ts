import { isPlanwardenError, type Person, type Subject, type Target } from '@planwarden/contracts';
import { type ConfirmRequest, firstDifference, newRound, type Stop } from './confirm-outcome.js';
import type { ConfirmPorts, JournalFacts } from './confirm-ports.js';
import { asksMore } from './demands.js';
import { parseSubject, peopleDigest, subjectDigest, targetConfigurationDigest } from './subject.js';

/** The stored subject, which must hash to the digest the votes name. */
export async function readStored(
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
export function trustStop(
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

export function journalStop(subject: Subject, journal: JournalFacts, request: ConfirmRequest): Stop | null {
  return firstDifference('SUBJECT_CHANGED', 'differs from what the journal recorded', [
    ['installation', subject.installation, journal.installation],
    ['run', subject.run, request.run],
    ['round', subject.round, request.round],
    ['requester.principal', subject.requester.principal, journal.requester.principal],
    ['requester.onBehalfOf', subject.requester.onBehalfOf, journal.requester.onBehalfOf],
    ['quorum', subject.quorum, journal.quorum],
    ['demands.presence', subject.demands.presence, journal.demands.presence],
    ['demands.roles', subject.demands.roles, journal.demands.roles],
    ['demands.owners', subject.demands.owners, journal.demands.owners],
    ['expiresAt', subject.expiresAt, journal.expiresAt],
    ['policy.bundleDigest', subject.policy.bundleDigest, journal.policy.bundleDigest],
    ['policy.inputDigest', subject.policy.inputDigest, journal.policy.inputDigest],
    ['policy.decisionDigest', subject.policy.decisionDigest, journal.policy.decisionDigest],
    ['policy.waivers', subject.policy.waivers, journal.policy.waivers],
    ['graph.snapshotId', subject.graph.snapshotId, journal.graph.snapshotId],
    ['graph.factsDigest', subject.graph.factsDigest, journal.graph.factsDigest],
  ]);
}

export function targetStop(subject: Subject, target: Target): Stop | null {
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

/** A changed bundle or facts document is judged again: neutral keeps, a new denial or a higher quorum voids. */
export async function policyStop(ports: ConfirmPorts, subject: Subject, bundleDigest: string): Promise<Stop | null> {
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

/** What is asked besides the number: more now voids the votes, as a higher quorum does; the same or less keeps them. */
export async function demandsStop(ports: ConfirmPorts, subject: Subject): Promise<Stop | null> {
  if (!asksMore(await ports.demands(), subject.demands)) return null;
  return newRound('QUORUM_RAISED', 'target or CODEOWNERS ask for other voters now', 'demands');
}
