export { APP_PERMISSIONS } from './app-permissions.js';
export { type OwnerRule, parseCodeOwners, rulesFor } from './code-owners.js';
export { COMMAND_DIGEST_LENGTH, type Comment, votesFromComments } from './comment-votes.js';
export { type ContentEdit, wasBlockOther } from './content-edits.js';
export type { SourceControlOptions } from './github-connection.js';
export { withGone } from './gone-rejects.js';
export {
  PROTECTION_REQUIREMENTS,
  type ProtectionFinding,
  type ProtectionRequirement,
} from './protection.js';
export {
  blockDigest,
  extractBlock,
  type PullRequestTextParts,
  pullRequestText,
} from './pull-request-text.js';
export type { ExpectedPush } from './pushed-files.js';
export { type MergeFinding, subjectTrailers } from './release-acts.js';
export type {
  CommitFacts,
  ComparedCommit,
  Comparison,
  Dismissal,
  PullRequestView,
  TreeFile,
} from './repository-reads.js';
export { findingsText, type ReviewTextParts, reviewMarker, reviewText } from './review-text.js';
export { foreignAuthors, type Review, votesFromReviews } from './review-votes.js';
export { createSourceControl, type SourceControl } from './source-control.js';
export { verifyWebhook } from './webhook-signature.js';
export type { WorkflowRunView, WorkflowStart } from './workflow-acts.js';
