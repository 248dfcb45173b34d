import type { FlatTree, GitPerson } from '../git-store.js';
import { ApiError, isRecord, type Json, notFound, type Route, repoRoute, text } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { gitCommitView } from '../views/commit.view.js';
import { repositoryUrl } from '../views/repository.view.js';
import { actorOf } from './git-ref.routes.js';

/** A path that stays inside the tree and outside git's own folder. */
export const isTreePath = (path: string): boolean =>
  path !== '' && !path.includes('\0') && !path.split('/').some((part) => /^(|\.|\.\.|\.git)$/i.test(part));

/** Author or committer as a body gives it, over who acts. */
export function personOf(given: unknown, standard: GitPerson): GitPerson {
  if (!isRecord(given)) return standard;
  const date = typeof given.date === 'string' ? Date.parse(given.date) : Number.NaN;
  const clean = (value: string): string => value.replace(/[<>\n\0]/g, '');
  return {
    name: clean(text(given.name, standard.name)),
    email: clean(text(given.email, standard.email)),
    timestamp: Number.isNaN(date) ? standard.timestamp : Math.floor(date / 1000),
    timezoneOffset: 0,
  };
}

const blobView = (core: SandboxCore, repo: RepositoryContext, sha: string): { url: string; sha: string } => ({
  url: `${repositoryUrl(core, repo)}/git/blobs/${sha}`,
  sha,
});

async function treeView(core: SandboxCore, repo: RepositoryContext, sha: string, recursive: boolean): Promise<Json> {
  const url = `${repositoryUrl(core, repo)}/git`;
  const rows: Json[] = [];
  const visit = async (oid: string, prefix: string): Promise<void> => {
    for (const entry of (await repo.git.entries(oid))?.tree ?? []) {
      const path = `${prefix}${entry.path}`;
      const mode = entry.mode.padStart(6, '0');
      if (entry.type === 'tree') {
        rows.push({ path, mode, type: 'tree', sha: entry.oid, url: `${url}/trees/${entry.oid}` });
        if (recursive) await visit(entry.oid, `${path}/`);
      } else {
        const size = (await repo.git.blob(entry.oid))?.length ?? 0;
        rows.push({ path, mode, type: entry.type, sha: entry.oid, size, url: `${url}/blobs/${entry.oid}` });
      }
    }
  };
  await visit(sha, '');
  return { sha, url: `${url}/trees/${sha}`, tree: rows, truncated: false };
}

/** Lays the entries of a body over the files of the base tree. A null SHA removes; a folder replaces what was in it. */
async function applyEntry(repo: RepositoryContext, files: FlatTree, entry: Json): Promise<void> {
  const path = text(entry.path);
  if (!isTreePath(path)) throw new ApiError(422, 'tree.path contains a malformed path component');
  for (const old of [...files.keys()])
    if (old === path || old.startsWith(`${path}/`) || path.startsWith(`${old}/`)) files.delete(old);
  if (entry.sha === null) return;
  const mode = text(entry.mode, '100644');
  if (typeof entry.content === 'string') {
    files.set(path, { mode, oid: await repo.git.writeBlob(Buffer.from(entry.content)) });
    return;
  }
  const sha = text(entry.sha);
  const missing = new ApiError(422, `tree.sha ${sha.slice(0, 40)} is not a valid ${text(entry.type, 'blob')}`);
  if (mode === '040000') {
    if (!(await repo.git.entries(sha))) throw missing;
    for (const [inner, file] of await repo.git.flatten(sha)) files.set(`${path}/${inner}`, file);
  } else {
    if (mode === '160000' || !(await repo.git.blob(sha))) throw missing;
    files.set(path, { mode, oid: sha });
  }
}

export const gitObjectRoutes: Route[] = [
  repoRoute('GET', '/git/commits/{commit_sha}', [['contents', 'read']], async ({ core, repo, params }) => {
    const commit = await repo.git.commit(params.commit_sha ?? '');
    if (!commit) throw notFound();
    return { status: 200, body: gitCommitView(core, repo, commit) };
  }),
  repoRoute('POST', '/git/commits', [['contents', 'write']], async (context) => {
    const { core, repo, body } = context;
    const tree = text(body.tree);
    // A commit's SHA reads as its tree in git, but no commit may point at one.
    if ((await repo.git.entries(tree))?.oid !== tree) throw new ApiError(422, 'Tree SHA does not exist');
    const parents = (Array.isArray(body.parents) ? body.parents : []).map(String);
    for (const parent of parents)
      if (!(await repo.git.commit(parent)))
        throw new ApiError(422, 'Parent SHA does not exist or is not a commit object');
    const author = personOf(body.author, core.person(actorOf(context)));
    const committer = personOf(body.committer, author);
    const sha = await repo.git.writeCommit({ tree, parents, message: text(body.message), author, committer });
    const commit = await repo.git.commit(sha);
    if (!commit) throw notFound();
    return { status: 201, body: gitCommitView(core, repo, commit) };
  }),
  repoRoute('GET', '/git/trees/{tree_sha}', [['contents', 'read']], async ({ core, repo, params, query }) => {
    const name = params.tree_sha ?? '';
    const found = (await repo.git.entries(name))?.oid ?? (await core.resolve(repo, name)).tree;
    return { status: 200, body: await treeView(core, repo, found, query.recursive !== undefined) };
  }),
  repoRoute('POST', '/git/trees', [['contents', 'write']], async ({ core, repo, body }) => {
    const base = typeof body.base_tree === 'string' ? await repo.git.entries(body.base_tree) : undefined;
    if (body.base_tree !== undefined && !base) throw new ApiError(422, 'base_tree is not a valid tree oid');
    const files: FlatTree = base ? await repo.git.flatten(base.oid) : new Map();
    for (const entry of Array.isArray(body.tree) ? body.tree : [])
      if (isRecord(entry)) await applyEntry(repo, files, entry);
    return { status: 201, body: await treeView(core, repo, await repo.git.writeFlat(files), false) };
  }),
  repoRoute('GET', '/git/blobs/{file_sha}', [['contents', 'read']], async ({ core, repo, params, accept }) => {
    const sha = params.file_sha ?? '';
    const blob = await repo.git.blob(sha);
    if (!blob) throw notFound();
    if (accept.includes('.raw')) return { status: 200, raw: { type: 'application/octet-stream', data: blob } };
    const content = Buffer.from(blob).toString('base64');
    const node_id = Buffer.from(`Blob:${sha}`).toString('base64url');
    return {
      status: 200,
      body: { ...blobView(core, repo, sha), node_id, size: blob.length, content, encoding: 'base64' },
    };
  }),
  repoRoute('POST', '/git/blobs', [['contents', 'write']], async ({ core, repo, body }) => {
    const data = Buffer.from(text(body.content), body.encoding === 'base64' ? 'base64' : 'utf8');
    return { status: 201, body: blobView(core, repo, await repo.git.writeBlob(data)) };
  }),
];
