import type { Json } from '../http-kit.js';
import type { Account } from '../identity.js';
import type { SandboxCore } from '../sandbox-core.js';
import type { SeedApp } from '../seed.js';

export const api = (core: SandboxCore): string => `${core.url}/api/v3`;
export const nodeId = (kind: string, id: number): string => Buffer.from(`${kind}:${id}`).toString('base64url');

/** `simple-user` of the API and `user` of webhooks. */
export function accountView(core: SandboxCore, account: Account): Json {
  const path = account.login.replace('[bot]', '%5Bbot%5D');
  const url = `${api(core)}/users/${path}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(account.type, account.id),
    avatar_url: `${core.url}/avatars/u/${account.id}`,
    gravatar_id: '',
    url,
    html_url: `${core.url}/${account.type === 'Bot' ? `apps/${account.login.replace('[bot]', '')}` : path}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    site_admin: false,
  };
}

export function publicUserView(core: SandboxCore, account: Account): Json {
  return {
    ...accountView(core, account),
    name: account.name,
    company: null,
    blog: '',
    location: null,
    email: account.type === 'User' ? account.email : null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: EPOCH,
    updated_at: EPOCH,
  };
}

/** Seeded things carry no history: one fixed birthday. */
export const EPOCH = '2026-01-01T00:00:00Z';

export function appView(core: SandboxCore, app: SeedApp): Json {
  const owner = core.seed.repositories[0]?.owner;
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('App', app.id),
    owner: accountView(core, core.identities.byId(owner?.id ?? app.botId)),
    name: app.slug,
    description: 'An App of the sandbox GitHub',
    external_url: core.url,
    html_url: `${core.url}/apps/${app.slug}`,
    created_at: EPOCH,
    updated_at: EPOCH,
    permissions: app.permissions,
    events: ['pull_request', 'pull_request_review', 'push', 'check_run'],
  };
}

export function installationView(core: SandboxCore, app: SeedApp): Json {
  const owner = core.identities.byId(core.seed.repositories[0]?.owner.id ?? 0);
  return {
    id: app.installationId,
    account: accountView(core, owner),
    repository_selection: 'all',
    access_tokens_url: `${api(core)}/app/installations/${app.installationId}/access_tokens`,
    repositories_url: `${api(core)}/installation/repositories`,
    html_url: `${core.url}/organizations/${owner.login}/settings/installations/${app.installationId}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: owner.id,
    target_type: 'Organization',
    permissions: app.permissions,
    events: ['pull_request', 'pull_request_review', 'push', 'check_run'],
    created_at: EPOCH,
    updated_at: EPOCH,
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
  };
}
