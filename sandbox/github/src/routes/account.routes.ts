import { ApiError, isRecord, notFound, type Route } from '../http-kit.js';
import { appView, installationView, publicUserView } from '../views/account.view.js';
import { repositoryView } from '../views/repository.view.js';

const route = (method: Route['method'], path: string, auth: Route['auth'], handle: Route['handle']): Route => ({
  method,
  path,
  needs: [],
  auth,
  handle,
});

export const accountRoutes: Route[] = [
  route('GET', '/app', 'app-jwt', async ({ core, caller }) => {
    if (caller.kind !== 'app-jwt') throw notFound();
    return { status: 200, body: appView(core, caller.app) };
  }),
  route('GET', '/app/installations', 'app-jwt', async ({ core, caller }) => {
    if (caller.kind !== 'app-jwt') throw notFound();
    return { status: 200, list: { items: [installationView(core, caller.app)] } };
  }),
  route('POST', '/app/installations/{installation_id}/access_tokens', 'app-jwt', async (context) => {
    const { core, caller, params, body } = context;
    if (caller.kind !== 'app-jwt' || String(caller.app.installationId) !== params.installation_id) throw notFound();
    // A token with less than the App holds would need its own record; asking for one is refused, not ignored.
    if (body.repositories !== undefined || body.repository_ids !== undefined || isRecord(body.permissions))
      throw new ApiError(422, 'The sandbox issues only tokens with everything the installation holds.');
    return {
      status: 201,
      body: {
        ...core.identities.issueToken(caller.app),
        permissions: caller.app.permissions,
        repository_selection: 'all',
      },
    };
  }),
  route('GET', '/installation/repositories', 'installation', async ({ core }) => {
    const items = core.allRepositories().map((repo) => repositoryView(core, repo));
    const wrap = (repositories: unknown[]) => ({
      total_count: items.length,
      repository_selection: 'all',
      repositories,
    });
    return { status: 200, list: { items, wrap } };
  }),
  route('GET', '/user', 'signed-in', async ({ core, caller }) => {
    if (caller.kind !== 'user') throw new ApiError(403, 'Resource not accessible by integration');
    return { status: 200, body: publicUserView(core, caller.account) };
  }),
  route('GET', '/users/{username}', 'any', async ({ core, params }) => {
    const account = core.identities.byLogin(params.username ?? '');
    if (!account) throw notFound();
    return { status: 200, body: publicUserView(core, account) };
  }),
  route('GET', '/user/{account_id}', 'any', async ({ core, params }) => {
    const account = core.identities.accounts.find(({ id }) => String(id) === params.account_id);
    if (!account) throw notFound();
    return { status: 200, body: publicUserView(core, account) };
  }),
];
