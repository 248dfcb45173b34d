import type { Json } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { accountView, api, EPOCH, nodeId } from './account.view.js';

export const repositoryUrl = (core: SandboxCore, repo: RepositoryContext): string =>
  `${api(core)}/repos/${repo.fullName}`;

const TEMPLATES: Record<string, string> = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
};

/** `repository` of the API and of webhooks. */
export function repositoryView(core: SandboxCore, repo: RepositoryContext): Json {
  const url = repositoryUrl(core, repo);
  const html = `${core.url}/${repo.fullName}`;
  const open = repo.state.pulls.filter((pull) => pull.state === 'open').length;
  return {
    id: repo.seed.id,
    node_id: nodeId('Repository', repo.seed.id),
    name: repo.seed.name,
    full_name: repo.fullName,
    private: true,
    visibility: 'private',
    owner: accountView(core, core.identities.byId(repo.seed.owner.id)),
    html_url: html,
    description: 'Infrastructure of the sandbox',
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(TEMPLATES).map(([key, path]) => [key, url + path])),
    git_url: `git://${new URL(core.url).host}/${repo.fullName}.git`,
    ssh_url: `git@${new URL(core.url).hostname}:${repo.fullName}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    size: 0,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    open_issues: open,
    open_issues_count: open,
    default_branch: repo.seed.defaultBranch,
    is_template: false,
    topics: [],
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: false,
    has_discussions: false,
    archived: false,
    disabled: false,
    web_commit_signoff_required: false,
    custom_properties: {},
    pushed_at: EPOCH,
    created_at: EPOCH,
    updated_at: EPOCH,
  };
}

export const fullRepositoryView = (core: SandboxCore, repo: RepositoryContext): Json => ({
  ...repositoryView(core, repo),
  network_count: 0,
  subscribers_count: 0,
  allow_merge_commit: true,
  allow_squash_merge: true,
  allow_rebase_merge: false,
  allow_auto_merge: repo.seed.allowAutoMerge ?? false,
  delete_branch_on_merge: false,
  allow_update_branch: true,
});

/** `minimal-repository` of the API and `repository-lite` of webhooks: what workflow runs tell. */
export function repositoryLiteView(core: SandboxCore, repo: RepositoryContext): Json {
  const {
    id,
    node_id,
    name,
    full_name,
    owner,
    private: isPrivate,
    html_url,
    description,
    fork,
    url,
    ...rest
  } = repositoryView(core, repo);
  const urls = Object.fromEntries(Object.keys(TEMPLATES).map((key) => [key, rest[key]]));
  return { id, node_id, name, full_name, owner, private: isPrivate, html_url, description, fork, url, ...urls };
}
