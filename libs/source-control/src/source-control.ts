import { codeOwnersAt } from './code-owners.js';
import { commentActs } from './comment-acts.js';
import { commentReads } from './comment-reads.js';
import { textEditReads } from './content-edits.js';
import { connect, type SourceControlOptions } from './github-connection.js';
import { mergeAcceptance } from './merge-acceptance.js';
import { protectionReads } from './protection.js';
import { type ExpectedPush, verifyPushedFiles } from './pushed-files.js';
import { evidenceActs, releasedActs } from './release-acts.js';
import { repositoryReads } from './repository-reads.js';
import { workflowActs } from './workflow-acts.js';

/**
 * GitHub as the gate uses it: it reads what decides trust and does what an Approval releases.
 * @param options.releaseBotId GitHub id of the release App's own account; without it no merge is ever called ours
 */
export function createSourceControl(options: SourceControlOptions & { readonly releaseBotId?: number }) {
  const connection = connect(options);
  const reads = repositoryReads(connection);
  const appId = 'appId' in options.credential ? options.credential.appId : null;
  return {
    ...reads,
    ...commentReads(connection),
    ...commentActs(connection),
    ...textEditReads(connection),
    codeOwnersAt: (sha: string) => codeOwnersAt(reads, sha),
    checkMergeAcceptance: mergeAcceptance(connection, reads),
    protection: protectionReads(connection, reads, appId),
    verifyPushedFiles: (push: ExpectedPush) => verifyPushedFiles(reads, push),
    ...evidenceActs(connection, reads, appId),
    ...releasedActs(connection, reads, options.releaseBotId ?? null),
    ...workflowActs(connection, reads),
  };
}

export type SourceControl = ReturnType<typeof createSourceControl>;
