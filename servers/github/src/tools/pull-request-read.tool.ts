import type { Octokit } from '@octokit/rest';
import { PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';
import { attempt } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { checksView, commentView, fileView, pullView, reviewView } from '../pull-request-view.js';
import { repositoryArguments } from './repository-arguments.js';

const METHODS = [
  'get',
  'get_diff',
  'get_status',
  'get_files',
  'get_review_comments',
  'get_reviews',
  'get_comments',
  'get_check_runs',
] as const;

export const pullRequestRead: GitHubTool = gitHubTool({
  name: 'pull_request_read',
  title: 'Get details for a single pull request',
  description: 'Get information on a specific pull request in GitHub repository.',
  annotations: { title: 'Get details for a single pull request', readOnlyHint: true },
  inputSchema: z.object({
    method: z
      .enum(METHODS)
      .describe(
        'What to read: get (details), get_diff, get_status (of the head commit), get_files, get_review_comments, get_reviews (first page), get_comments, get_check_runs (of the head commit).',
      ),
    ...repositoryArguments,
    pullNumber: z.number().describe('Pull request number'),
    page: z.number().min(1).optional().describe('Page number for pagination (min 1)'),
    perPage: z.number().min(1).max(100).optional().describe('Results per page for pagination (min 1, max 100)'),
  }),
  async handler({ method, owner, repo, pullNumber, page = 1, perPage = 30 }, octokit) {
    const repository = { owner, repo };
    const pull = { ...repository, pull_number: pullNumber };
    const pages = { page, per_page: perPage };
    switch (method) {
      case 'get':
        return jsonText(pullView(await readPull(octokit, pull)));
      case 'get_diff': {
        const diff = await attempt('failed to get pull request diff', () =>
          octokit.rest.pulls.get({ ...pull, mediaType: { format: 'diff' } }),
        );
        // Octokit types the JSON form only; in this format GitHub answers text.
        return { text: String(diff.data) };
      }
      case 'get_status': {
        const ref = (await readPull(octokit, pull)).head.sha;
        const status = await attempt('failed to get combined status', () =>
          octokit.rest.repos.getCombinedStatusForRef({ ...repository, ref }),
        );
        return jsonText(status.data);
      }
      case 'get_files': {
        const files = await attempt('failed to get pull request files', () =>
          octokit.rest.pulls.listFiles({ ...pull, ...pages }),
        );
        return jsonText(files.data.map(fileView));
      }
      case 'get_reviews': {
        // The first page only, as in the official server: votes are read elsewhere, page by page.
        const reviews = await attempt('failed to get pull request reviews', () => octokit.rest.pulls.listReviews(pull));
        return jsonText(reviews.data.map(reviewView));
      }
      case 'get_comments': {
        const comments = await attempt('failed to get issue comments', () =>
          octokit.rest.issues.listComments({ ...repository, issue_number: pullNumber, ...pages }),
        );
        return jsonText(comments.data.map(commentView));
      }
      case 'get_check_runs': {
        const ref = (await readPull(octokit, pull)).head.sha;
        const checks = await attempt('failed to get check runs', () =>
          octokit.rest.checks.listForRef({ ...repository, ref, ...pages }),
        );
        return jsonText(checksView(checks.data));
      }
      case 'get_review_comments':
        throw new PlanwardenError('NOT_SUPPORTED', 'This server does not read review threads.', {
          where: { field: 'method' },
          remedy: 'Read them on GitHub, or use the official GitHub MCP server.',
        });
    }
  },
});

const readPull = async (octokit: Octokit, pull: { owner: string; repo: string; pull_number: number }) =>
  (await attempt('failed to get pull request', () => octokit.rest.pulls.get(pull))).data;
