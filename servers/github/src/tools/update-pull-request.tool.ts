import type { Octokit } from '@octokit/rest';
import { z } from 'zod';
import { attempt, GitHubToolFailure } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { repositoryArguments } from './repository-arguments.js';

export const updatePullRequest: GitHubTool = gitHubTool({
  name: 'update_pull_request',
  title: 'Edit pull request',
  description: 'Update an existing pull request in a GitHub repository.',
  annotations: { title: 'Edit pull request', readOnlyHint: false },
  inputSchema: z.object({
    ...repositoryArguments,
    pullNumber: z.number().describe('Pull request number to update'),
    title: z.string().optional().describe('New title'),
    body: z.string().optional().describe('New description'),
    state: z.enum(['open', 'closed']).optional().describe('New state'),
    draft: z.boolean().optional().describe('Mark pull request as draft (true) or ready for review (false)'),
    base: z.string().optional().describe('New base branch name'),
    maintainer_can_modify: z.boolean().optional().describe('Allow maintainer edits'),
    reviewers: z.array(z.string()).optional().describe('GitHub usernames to request reviews from'),
  }),
  async handler({ owner, repo, pullNumber: pull_number, draft, reviewers = [], ...given }, octokit) {
    const pull = { owner, repo, pull_number };
    const fields = withoutUndefined(given);
    const isEdited = Object.keys(fields).length > 0;
    if (!isEdited && draft === undefined && reviewers.length === 0) {
      throw new GitHubToolFailure('No update parameters provided.');
    }
    if (isEdited) {
      await attempt('failed to update pull request', () => octokit.rest.pulls.update({ ...pull, ...fields }));
    }
    if (draft !== undefined) await setDraft(octokit, pull, draft);
    if (reviewers.length > 0) {
      await attempt('failed to request reviewers', () =>
        octokit.rest.pulls.requestReviewers({ ...pull, reviewers: [...reviewers] }),
      );
    }
    const now = await attempt('failed to get pull request', () => octokit.rest.pulls.get(pull));
    return jsonText({ id: String(now.data.id), url: now.data.html_url });
  },
});

/** REST cannot change the draft state; GraphQL can. */
async function setDraft(
  octokit: Octokit,
  pull: { owner: string; repo: string; pull_number: number },
  draft: boolean,
): Promise<void> {
  const { data } = await attempt('failed to get pull request', () => octokit.rest.pulls.get(pull));
  if ((data.draft ?? false) === draft) return;
  const mutation = draft ? 'convertPullRequestToDraft' : 'markPullRequestReadyForReview';
  await attempt('failed to change the draft state', () =>
    octokit.graphql(`mutation($id: ID!) { ${mutation}(input: {pullRequestId: $id}) { pullRequest { isDraft } } }`, {
      id: data.node_id,
    }),
  );
}

/** The copy without undefined values, whose type says so. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
