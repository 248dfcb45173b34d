import { silentLog } from '@planwarden/contracts';
import { createMcpServer, type ServerFactory } from '@planwarden/mcp-server-kit';
import { type GitHubApiOptions, openGitHub } from './github-api.js';
import { addCommentToPendingReview } from './tools/add-comment-to-pending-review.tool.js';
import { addIssueComment } from './tools/add-issue-comment.tool.js';
import { createBranch } from './tools/create-branch.tool.js';
import { createOrUpdateFile } from './tools/create-or-update-file.tool.js';
import { createPullRequest } from './tools/create-pull-request.tool.js';
import { deleteFile } from './tools/delete-file.tool.js';
import { getFileContents } from './tools/get-file-contents.tool.js';
import { pullRequestRead } from './tools/pull-request-read.tool.js';
import { pullRequestReviewWrite } from './tools/pull-request-review-write.tool.js';
import { pushFiles } from './tools/push-files.tool.js';
import { updatePullRequest } from './tools/update-pull-request.tool.js';
import { updatePullRequestBranch } from './tools/update-pull-request-branch.tool.js';

/** Exactly the tools that are pinned, in the order in which a change uses them; the last two are a review's. */
const tools = [
  getFileContents,
  createBranch,
  pushFiles,
  createOrUpdateFile,
  deleteFile,
  createPullRequest,
  updatePullRequest,
  updatePullRequestBranch,
  pullRequestRead,
  addIssueComment,
  pullRequestReviewWrite,
  addCommentToPendingReview,
];

/**
 * An MCP server with the tools of the official GitHub server that Planwarden calls: same names, input schemas and
 * answers. Merging is not among them, and a review comments or requests changes: it never approves.
 * @returns makes a server for each connection; see `inProcessTransport`, `serveStdio` and `createHttpHandler`.
 */
export function createGitHubMcpServer(options: GitHubApiOptions): ServerFactory {
  const octokit = openGitHub(options);
  return createMcpServer({
    name: 'planwarden-github',
    version: '0.1.0',
    tools,
    prompts: [],
    resources: [],
    contextFor: () => octokit,
    log: options.log ?? silentLog,
  });
}
