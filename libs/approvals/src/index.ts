export {
  APPROVAL_LIFETIME_MS,
  type Approval,
  assertFresh,
  type FreshPorts,
  freezeWords,
  type ReleasedEffect,
  type TrustDigests,
} from './approval.js';
export { migrateApprovals } from './approvals.migrations.js';
export { BreakGlassStore, type NewBreakGlass } from './break-glass.repository.js';
export { confirm } from './confirm.js';
export { baseStop } from './confirm-commits.js';
export type { ConfirmOutcome, ConfirmRequest } from './confirm-outcome.js';
export type {
  BaseFacts,
  ConfirmPorts,
  EvidenceFacts,
  JournalFacts,
  Judgement,
  PlanNow,
  PullRequestFacts,
} from './confirm-ports.js';
export { asksMore } from './demands.js';
export { FreezeStore, type NewFreeze } from './freeze.repository.js';
export { isPasskeyValid, type Passkey, PasskeyStore } from './passkey.repository.js';
export { breakGlassChallenge, presenceInvalid, verifyPresence, voteChallenge } from './presence.js';
export { checkPresence, passkeyFor } from './presence-votes.js';
export { PASSKEY_ALGORITHMS, type Registration, verifyRegistration } from './registration.js';
export { SeenRejectStore } from './seen-reject.repository.js';
export {
  type BuiltSubject,
  buildSubject,
  type FileEntry,
  filesDigest,
  parseSubject,
  peopleDigest,
  type SubjectParts,
  subjectDigest,
  targetConfigurationDigest,
} from './subject.js';
export { type StoredSubject, SubjectStore } from './subject.repository.js';
export { VoteStore, type WebVote } from './vote.repository.js';
export {
  type Authors,
  isRequesterId,
  lacksRole,
  personRefusal,
  rejectRefusal,
  type TallyInput,
  tallyVotes,
} from './vote-tally.js';
