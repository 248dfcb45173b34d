export {
  APPROVAL_LIFETIME_MS,
  type Approval,
  assertFresh,
  type FreshPorts,
  type ReleasedEffect,
  type TrustDigests,
} from './approval.js';
export { migrateApprovals } from './approvals.migrations.js';
export { type ConfirmOutcome, type ConfirmRequest, confirm } from './confirm.js';
export type {
  BaseFacts,
  ConfirmPorts,
  EvidenceFacts,
  JournalFacts,
  Judgement,
  PlanNow,
  PullRequestFacts,
} from './confirm-ports.js';
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
export { type Authors, personRefusal, type TallyInput, tallyVotes } from './vote-tally.js';
