import type { RestEndpointMethodTypes } from '@octokit/rest';

type Pull = RestEndpointMethodTypes['pulls']['get']['response']['data'];
type Review = RestEndpointMethodTypes['pulls']['listReviews']['response']['data'][number];
type File = RestEndpointMethodTypes['pulls']['listFiles']['response']['data'][number];
type Comment = RestEndpointMethodTypes['issues']['listComments']['response']['data'][number];
type Checks = RestEndpointMethodTypes['checks']['listForRef']['response']['data'];

const end = ({ ref, sha, repo }: Pull['head']) => ({
  ref,
  sha,
  ...(repo ? { repo: { full_name: repo.full_name } } : {}),
});

/** The short forms in which the official server answers, so that a page of answers stays small. */
export const pullView = (pull: Pull) => ({
  number: pull.number,
  title: pull.title,
  body: pull.body ?? '',
  state: pull.state,
  draft: pull.draft ?? false,
  merged: pull.merged,
  mergeable_state: pull.mergeable_state,
  html_url: pull.html_url,
  user: { login: pull.user.login, id: pull.user.id },
  labels: pull.labels.map(({ name }) => name),
  head: end(pull.head),
  base: end(pull.base),
  additions: pull.additions,
  deletions: pull.deletions,
  changed_files: pull.changed_files,
  commits: pull.commits,
  comments: pull.comments,
  created_at: pull.created_at,
  updated_at: pull.updated_at,
  ...(pull.merged_at ? { merged_at: pull.merged_at } : {}),
  ...(pull.closed_at ? { closed_at: pull.closed_at } : {}),
});

export const reviewView = (review: Review) => ({
  id: review.id,
  state: review.state,
  body: review.body,
  html_url: review.html_url,
  user: review.user ? { login: review.user.login, id: review.user.id } : null,
  commit_id: review.commit_id,
  submitted_at: review.submitted_at,
});

export const fileView = (file: File) => ({
  filename: file.filename,
  status: file.status,
  additions: file.additions,
  deletions: file.deletions,
  changes: file.changes,
  ...(file.patch === undefined ? {} : { patch: file.patch }),
  ...(file.previous_filename === undefined ? {} : { previous_filename: file.previous_filename }),
});

export const commentView = (comment: Comment) => ({
  id: comment.id,
  body: comment.body,
  html_url: comment.html_url,
  user: comment.user ? { login: comment.user.login, id: comment.user.id } : null,
  created_at: comment.created_at,
  updated_at: comment.updated_at,
});

export const checksView = (checks: Checks) => ({
  total_count: checks.total_count,
  check_runs: checks.check_runs.map((run) => ({
    id: run.id,
    name: run.name,
    status: run.status,
    conclusion: run.conclusion,
    html_url: run.html_url,
    started_at: run.started_at,
    completed_at: run.completed_at,
  })),
});
