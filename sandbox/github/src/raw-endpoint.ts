import { ApiError, notFound } from './http-kit.js';
import { json, type RestReply } from './rest-endpoint.js';
import type { SandboxCore } from './sandbox-core.js';

/** Plain file contents under /raw/{owner}/{repo}/{ref}/{path}, as an enterprise server has them; the ref may hold slashes. */
export async function answerRaw(
  core: SandboxCore,
  path: string,
  authorization: string | undefined,
): Promise<RestReply> {
  try {
    const [owner = '', name = '', ...rest] = path.slice('/raw/'.length).split('/').map(decodeURIComponent);
    const repo = core.repository(owner, name);
    core.requireAccess(await core.identities.caller(authorization), repo, [['contents', 'read']]);
    for (let cut = 1; cut < rest.length; cut++) {
      const ref = rest.slice(0, cut).join('/');
      const commit = await core.resolve(repo, ref === 'HEAD' ? repo.seed.defaultBranch : ref).catch(() => undefined);
      const file = commit ? (await repo.git.flatten(commit.tree)).get(rest.slice(cut).join('/')) : undefined;
      const body = file ? await repo.git.blob(file.oid) : undefined;
      if (body)
        return {
          status: 200,
          headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
          body,
        };
    }
    throw notFound();
  } catch (error) {
    const refusal = error instanceof ApiError ? error : notFound();
    return json(refusal.status, refusal.body());
  }
}
