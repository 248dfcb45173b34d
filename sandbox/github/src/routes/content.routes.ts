import { moveRef } from '../branch-updates.js';
import type { FlatTree, TreeFile } from '../git-store.js';
import { ApiError, type Json, notFound, type RepoRouteContext, type Route, repoRoute, text } from '../http-kit.js';
import { directPushRefusal, requireWorkflows } from '../ref-guard.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { gitCommitView } from '../views/commit.view.js';
import { repositoryUrl } from '../views/repository.view.js';
import { isTreePath, personOf } from './git-object.routes.js';
import { actorOf } from './git-ref.routes.js';

interface Entry {
  path: string;
  oid: string;
  type: 'file' | 'dir';
  size: number;
}

function entryView(core: SandboxCore, repo: RepositoryContext, entry: Entry, ref: string): Json {
  const path = entry.path.split('/').map(encodeURIComponent).join('/');
  const url = `${repositoryUrl(core, repo)}/contents/${path}?ref=${encodeURIComponent(ref)}`;
  const isFile = entry.type === 'file';
  const git = `${repositoryUrl(core, repo)}/git/${isFile ? 'blobs' : 'trees'}/${entry.oid}`;
  const html = `${core.url}/${repo.fullName}/${isFile ? 'blob' : 'tree'}/${ref}/${path}`;
  return {
    type: entry.type,
    size: entry.size,
    name: entry.path.split('/').at(-1) ?? '',
    path: entry.path,
    sha: entry.oid,
    url,
    git_url: git,
    html_url: html,
    download_url: isFile ? `${core.url}/raw/${repo.fullName}/${ref}/${path}` : null,
    _links: { self: url, git, html },
  };
}

async function fileView(
  core: SandboxCore,
  repo: RepositoryContext,
  path: string,
  oid: string,
  ref: string,
): Promise<Json> {
  const blob = (await repo.git.blob(oid)) ?? new Uint8Array();
  const view = entryView(core, repo, { path, oid, type: 'file', size: blob.length }, ref);
  return { ...view, content: Buffer.from(blob).toString('base64'), encoding: 'base64' };
}

/** Direct entries of a folder, folders among them. */
async function listing(repo: RepositoryContext, tree: string, folder: string): Promise<Entry[] | undefined> {
  let at = tree;
  for (const part of folder === '' ? [] : folder.split('/')) {
    const next = (await repo.git.entries(at))?.tree.find((entry) => entry.path === part && entry.type === 'tree');
    if (!next) return undefined;
    at = next.oid;
  }
  const rows = (await repo.git.entries(at))?.tree ?? [];
  return Promise.all(
    rows.map(async ({ path, oid, type }) => ({
      path: folder === '' ? path : `${folder}/${path}`,
      oid,
      type: type === 'tree' ? ('dir' as const) : ('file' as const),
      size: type === 'tree' ? 0 : ((await repo.git.blob(oid))?.length ?? 0),
    })),
  );
}

interface Edit {
  branch: string;
  head: string;
  files: FlatTree;
  path: string;
  old: TreeFile | undefined;
}

/** What a content edit starts from; refuses a missing branch, a protected one and a stale `sha`. */
async function startEdit(context: RepoRouteContext, sha: string, needed: boolean): Promise<Edit> {
  const { core, repo, params } = context;
  const path = params.path ?? '';
  if (!isTreePath(path)) throw new ApiError(422, 'path contains a malformed path component');
  const branch = text(context.body.branch ?? context.query.branch, repo.seed.defaultBranch);
  const head = await repo.git.ref(`refs/heads/${branch}`);
  const commit = head ? await repo.git.commit(head) : undefined;
  if (!head || !commit) throw new ApiError(404, `Branch ${branch.slice(0, 80)} not found`);
  const refusal = directPushRefusal(core, repo, branch);
  if (refusal) throw new ApiError(409, `Could not update file: ${refusal}`);
  const files = await repo.git.flatten(commit.tree);
  const old = files.get(path);
  if (needed && !old) throw notFound();
  if (old && sha === '') throw new ApiError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  if (sha !== '' && old?.oid !== sha) throw new ApiError(409, `${path} does not match ${sha.slice(0, 40)}`);
  return { branch, head, files, path, old };
}

async function finishEdit(context: RepoRouteContext, edit: Edit): Promise<Json> {
  const { core, repo, body, caller, query } = context;
  const actor = actorOf(context);
  const author = personOf(body.author ?? body.committer, core.person(actor));
  const sha = await repo.git.writeCommit({
    tree: await repo.git.writeFlat(edit.files),
    parents: [edit.head],
    message: text(body.message ?? query.message),
    author,
    committer: personOf(body.committer, author),
  });
  await requireWorkflows(caller, repo, edit.head, sha);
  await moveRef(core, repo, `refs/heads/${edit.branch}`, sha, actor);
  const commit = await repo.git.commit(sha);
  if (!commit) throw notFound();
  return gitCommitView(core, repo, commit);
}

export const contentRoutes: Route[] = [
  repoRoute('GET', '/contents/{path}', [['contents', 'read']], async ({ core, repo, params, query, accept }) => {
    const path = (params.path ?? '').replace(/\/$/, '');
    const ref = query.ref ?? repo.seed.defaultBranch;
    const commit = await core.resolve(repo, ref);
    const file = path === '' ? undefined : (await repo.git.flatten(commit.tree)).get(path);
    if (file && accept.includes('.raw')) {
      const data = (await repo.git.blob(file.oid)) ?? new Uint8Array();
      return { status: 200, raw: { type: 'application/vnd.github.v3.raw; charset=utf-8', data } };
    }
    if (file) return { status: 200, body: await fileView(core, repo, path, file.oid, ref) };
    const entries = await listing(repo, commit.tree, path);
    if (!entries) throw notFound();
    return { status: 200, body: entries.map((entry) => entryView(core, repo, entry, ref)) };
  }),
  repoRoute('PUT', '/contents/{path}', [['contents', 'write']], async (context) => {
    const { core, repo, body } = context;
    const edit = await startEdit(context, text(body.sha), false);
    const oid = await repo.git.writeBlob(Buffer.from(text(body.content), 'base64'));
    for (const other of [...edit.files.keys()])
      if (other.startsWith(`${edit.path}/`) || edit.path.startsWith(`${other}/`))
        throw new ApiError(422, 'A file cannot stand where a folder is');
    edit.files.set(edit.path, { mode: edit.old?.mode ?? '100644', oid });
    const commit = await finishEdit(context, edit);
    const { content: _content, encoding: _encoding, ...view } = await fileView(core, repo, edit.path, oid, edit.branch);
    return { status: edit.old ? 200 : 201, body: { content: view, commit } };
  }),
  repoRoute('DELETE', '/contents/{path}', [['contents', 'write']], async (context) => {
    const edit = await startEdit(context, text(context.body.sha ?? context.query.sha), true);
    edit.files.delete(edit.path);
    return { status: 200, body: { content: null, commit: await finishEdit(context, edit) } };
  }),
];
