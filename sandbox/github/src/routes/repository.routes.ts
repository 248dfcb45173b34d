import { ApiError, type Json, notFound, type Route, repoRoute } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { appOfCheck, type Level, type SeedProtection } from '../seed.js';
import { accountView, nodeId } from '../views/account.view.js';
import { commitView } from '../views/commit.view.js';
import { fullRepositoryView, repositoryUrl } from '../views/repository.view.js';
import { branchRules, rulesetView } from '../views/ruleset.view.js';

const path = (branch: string): string => branch.split('/').map(encodeURIComponent).join('/');
const protectionUrl = (core: SandboxCore, repo: RepositoryContext, branch: string): string =>
  `${repositoryUrl(core, repo)}/branches/${path(branch)}/protection`;

async function branchView(core: SandboxCore, repo: RepositoryContext, name: string, sha: string): Promise<Json> {
  return {
    name,
    commit: { sha, url: `${repositoryUrl(core, repo)}/commits/${sha}` },
    protected: core.protection(repo, name) !== undefined,
  };
}

function protectionView(core: SandboxCore, repo: RepositoryContext, branch: string, rules: SeedProtection): Json {
  const url = protectionUrl(core, repo, branch);
  const checks = rules.requiredChecks ?? [];
  return {
    url,
    ...(checks.length > 0 || rules.requireUpToDate
      ? {
          required_status_checks: {
            url: `${url}/required_status_checks`,
            strict: rules.requireUpToDate ?? false,
            contexts: checks,
            contexts_url: `${url}/required_status_checks/contexts`,
            checks: checks.map((context) => ({ context, app_id: appOfCheck(rules, context) ?? null })),
          },
        }
      : {}),
    ...(rules.requiredReviews > 0
      ? {
          required_pull_request_reviews: {
            url: `${url}/required_pull_request_reviews`,
            dismiss_stale_reviews: rules.dismissStaleReviews ?? false,
            require_code_owner_reviews: rules.requireCodeOwners ?? false,
            required_approving_review_count: rules.requiredReviews,
            require_last_push_approval: false,
          },
        }
      : {}),
    enforce_admins: { url: `${url}/enforce_admins`, enabled: rules.adminsMayPass !== true },
    required_linear_history: { enabled: false },
    allow_force_pushes: { enabled: false },
    allow_deletions: { enabled: false },
    block_creations: { enabled: false },
    required_conversation_resolution: { enabled: false },
    lock_branch: { enabled: false },
    allow_fork_syncing: { enabled: false },
  };
}

const flags = (role: Level | undefined): Record<string, boolean> => ({
  pull: role !== undefined,
  triage: role === 'write' || role === 'admin',
  push: role === 'write' || role === 'admin',
  maintain: role === 'admin',
  admin: role === 'admin',
});

export const repositoryRoutes: Route[] = [
  repoRoute('GET', '/activity', [['contents', 'read']], async ({ core, repo, query }) => {
    const all = (repo.state.activities ?? []).filter(({ ref }) => query.ref === undefined || ref === query.ref);
    const items = all.reverse().map(({ id, ref, before, after, at, type, userId }) => ({
      ...{ id, node_id: nodeId('Activity', id), ref, before, after, timestamp: at, activity_type: type },
      actor: accountView(core, core.identities.byId(userId)),
    }));
    return { status: 200, list: { items } };
  }),
  repoRoute('GET', '', [['metadata', 'read']], async ({ core, repo }) => ({
    status: 200,
    body: fullRepositoryView(core, repo),
  })),
  repoRoute('GET', '/branches/{branch}/protection', [['administration', 'read']], async ({ core, repo, params }) => {
    const branch = params.branch ?? '';
    if (!(await repo.git.ref(`refs/heads/${branch}`))) throw new ApiError(404, 'Branch not found');
    const rules = core.protection(repo, branch);
    if (!rules) throw new ApiError(404, 'Branch not protected');
    return { status: 200, body: protectionView(core, repo, branch, rules) };
  }),
  repoRoute('GET', '/branches/{branch}', [['contents', 'read']], async ({ core, repo, params }) => {
    const name = params.branch ?? '';
    const sha = await repo.git.ref(`refs/heads/${name}`);
    const commit = sha ? await repo.git.commit(sha) : undefined;
    if (!commit) throw new ApiError(404, 'Branch not found');
    const rules = core.protection(repo, name);
    const checks = rules?.requiredChecks ?? [];
    return {
      status: 200,
      body: {
        name,
        commit: commitView(core, repo, commit),
        _links: {
          self: `${repositoryUrl(core, repo)}/branches/${path(name)}`,
          html: `${core.url}/${repo.fullName}/tree/${path(name)}`,
        },
        protected: rules !== undefined,
        protection: {
          enabled: rules !== undefined,
          required_status_checks: {
            enforcement_level: checks.length > 0 ? 'everyone' : 'off',
            contexts: checks,
            checks: checks.map((context) => ({ context, app_id: (rules && appOfCheck(rules, context)) ?? null })),
          },
        },
        protection_url: protectionUrl(core, repo, name),
      },
    };
  }),
  repoRoute('GET', '/branches', [['contents', 'read']], async ({ core, repo, query }) => {
    const all = await Promise.all(
      (await repo.git.refs('heads')).map(({ ref, sha }) =>
        branchView(core, repo, ref.slice('refs/heads/'.length), sha),
      ),
    );
    const items = query.protected === undefined ? all : all.filter((b) => String(b.protected) === query.protected);
    return { status: 200, list: { items } };
  }),
  repoRoute('GET', '/rulesets/{ruleset_id}', [['metadata', 'read']], async ({ core, repo, params, caller }) => {
    const found = repo.seed.rulesets?.find(({ id }) => String(id) === params.ruleset_id);
    if (!found) throw notFound();
    return { status: 200, body: rulesetView(core, repo, found, { caller }) };
  }),
  repoRoute('GET', '/rulesets', [['metadata', 'read']], async ({ core, repo, query }) => {
    const targets = query.targets?.split(',');
    const found = (repo.seed.rulesets ?? []).filter(({ target }) => targets?.includes(target) ?? true);
    return { status: 200, list: { items: found.map((one) => rulesetView(core, repo, one)) } };
  }),
  repoRoute('GET', '/rules/branches/{branch}', [['metadata', 'read']], async ({ repo, params }) => ({
    status: 200,
    list: { items: branchRules(repo, params.branch ?? '') },
  })),
  repoRoute('GET', '/collaborators/{username}/permission', [['metadata', 'read']], async ({ core, repo, params }) => {
    const account = core.identities.byLogin(params.username ?? '');
    if (!account) throw new ApiError(404, `${(params.username ?? '').slice(0, 40)} is not a user`);
    const role = core.role(repo, account);
    const user = { ...accountView(core, account), permissions: flags(role), role_name: role ?? 'none' };
    return { status: 200, body: { permission: role ?? 'none', role_name: role ?? 'none', user } };
  }),
  repoRoute('GET', '/collaborators/{username}', [['metadata', 'read']], async ({ core, repo, params }) => {
    const account = core.identities.byLogin(params.username ?? '');
    if (!account || !core.role(repo, account)) throw notFound();
    return { status: 204 };
  }),
  repoRoute('GET', '/collaborators', [['metadata', 'read']], async ({ core, repo }) => {
    const items = core.identities.accounts.flatMap((account) => {
      const role = core.role(repo, account);
      return role ? [{ ...accountView(core, account), permissions: flags(role), role_name: role }] : [];
    });
    return { status: 200, list: { items } };
  }),
];
