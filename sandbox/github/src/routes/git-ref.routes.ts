import { moveRef } from '../branch-updates.js';
import { isRefName } from '../git-store.js';
import { ApiError, type Json, notAccessible, type RepoRouteContext, type Route, repoRoute, text } from '../http-kit.js';
import type { Account } from '../identity.js';
import { requirePush } from '../ref-guard.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { repositoryUrl } from '../views/repository.view.js';

/** Who acts; `signed-in` routes have refused nobody before. */
export function actorOf({ caller }: { caller: RepoRouteContext['caller'] }): Account {
  if (caller.kind === 'nobody') throw notAccessible();
  return caller.account;
}

function refView(core: SandboxCore, repo: RepositoryContext, ref: string, sha: string): Json {
  const url = repositoryUrl(core, repo);
  return {
    ref,
    node_id: Buffer.from(`Ref:${repo.seed.id}:${ref}`).toString('base64url'),
    url: `${url}/git/${ref}`,
    object: { sha, type: 'commit', url: `${url}/git/commits/${sha}` },
  };
}

/** A full ref name of a branch or tag; anything else names no ref that the API may touch. */
function fullRef(name: string): string {
  const ref = name.startsWith('refs/') ? name : `refs/${name}`;
  const short = /^refs\/(?:heads|tags)\/(.+)$/.exec(ref)?.[1];
  if (short === undefined || !isRefName(short)) throw new ApiError(422, 'Reference name is not valid.');
  return ref;
}

async function existingCommit(repo: RepositoryContext, sha: string): Promise<string> {
  if (!(await repo.git.commit(sha))) throw new ApiError(422, 'Object does not exist');
  return sha;
}

export const gitRefRoutes: Route[] = [
  repoRoute('GET', '/git/ref/{ref}', [['contents', 'read']], async ({ core, repo, params }) => {
    const ref = `refs/${(params.ref ?? '').replace(/^refs\//, '')}`;
    const sha = /^refs\/(heads|tags)\//.test(ref) ? await repo.git.ref(ref) : undefined;
    if (!sha) throw new ApiError(404, 'Not Found');
    return { status: 200, body: refView(core, repo, ref, sha) };
  }),
  repoRoute('GET', '/git/matching-refs/{ref}', [['contents', 'read']], async ({ core, repo, params }) => {
    const prefix = `refs/${(params.ref ?? '').replace(/^refs\//, '')}`;
    const all = [...(await repo.git.refs('heads')), ...(await repo.git.refs('tags'))];
    const items = all.filter(({ ref }) => ref.startsWith(prefix)).map(({ ref, sha }) => refView(core, repo, ref, sha));
    return { status: 200, body: items };
  }),
  repoRoute('POST', '/git/refs', [['contents', 'write']], async (context) => {
    const { core, repo, body, caller } = context;
    const name = text(body.ref);
    if (!name.startsWith('refs/')) throw new ApiError(422, 'Reference name must start with refs/.');
    const ref = fullRef(name);
    if (await repo.git.ref(ref)) throw new ApiError(422, 'Reference already exists');
    const inTheWay = (await repo.git.refs('heads')).some(
      (other) => other.ref.startsWith(`${ref}/`) || ref.startsWith(`${other.ref}/`),
    );
    if (inTheWay) throw new ApiError(422, 'Reference cannot be created: another stands in its way');
    const sha = await existingCommit(repo, text(body.sha));
    await requirePush(core, caller, repo, ref, sha);
    await moveRef(core, repo, ref, sha, actorOf(context));
    return { status: 201, body: refView(core, repo, ref, sha) };
  }),
  repoRoute('PATCH', '/git/refs/{ref}', [['contents', 'write']], async (context) => {
    const { core, repo, params, body, caller } = context;
    const ref = fullRef(params.ref ?? '');
    const before = await repo.git.ref(ref);
    if (!before) throw new ApiError(422, 'Reference does not exist');
    const sha = await existingCommit(repo, text(body.sha));
    if (body.force !== true && !(await repo.git.isAncestor(before, sha)))
      throw new ApiError(422, 'Update is not a fast forward');
    await requirePush(core, caller, repo, ref, sha);
    await moveRef(core, repo, ref, sha, actorOf(context));
    return { status: 200, body: refView(core, repo, ref, sha) };
  }),
  repoRoute('DELETE', '/git/refs/{ref}', [['contents', 'write']], async (context) => {
    const { core, repo, params } = context;
    const ref = fullRef(params.ref ?? '');
    if (!(await repo.git.ref(ref))) throw new ApiError(422, 'Reference does not exist');
    const branch = ref.replace(/^refs\/heads\//, '');
    if (branch === repo.seed.defaultBranch || core.protection(repo, branch))
      throw new ApiError(422, 'Cannot delete a protected branch');
    await moveRef(core, repo, ref, null, actorOf(context));
    return { status: 204 };
  }),
];
