import * as fs from 'node:fs';
import { join } from 'node:path';
import git from 'isomorphic-git';

export interface GitPerson {
  name: string;
  email: string;
  /** Seconds since 1970. */
  timestamp: number;
  timezoneOffset: number;
}
export interface GitCommit {
  sha: string;
  tree: string;
  parents: string[];
  message: string;
  author: GitPerson;
  committer: GitPerson;
}
export interface TreeFile {
  mode: string;
  oid: string;
}
export type TreeEntry = Awaited<ReturnType<typeof git.readTree>>['tree'][number];
export type FlatTree = Map<string, TreeFile>;

const REF_NAME = /^(?!.*(\.\.|\/\/|@\{|[\s~^:?*[\\\p{Cc}]))[^/.-][^\n]*[^/.]$|^[A-Za-z0-9_]$/u;
/** A name git accepts for a branch or tag; what fails is refused before it can name a path. */
export const isRefName = (name: string): boolean => REF_NAME.test(name) && !name.endsWith('.lock');

/** How many objects are kept in memory before all are let go. */
const MOST_KEPT = 20_000;

/** What was found under a name that never changes its content. */
class Kept<T> {
  private readonly found = new Map<string, T>();

  async get(sha: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const kept = this.found.get(sha);
    if (kept !== undefined) return kept;
    const value = await read();
    if (value === undefined) return undefined;
    if (this.found.size >= MOST_KEPT) this.found.clear();
    this.found.set(sha, value);
    return value;
  }
}

/**
 * One bare repository on disk. Refs are full names such as `refs/heads/main`. Nobody else writes to it, so refs are read
 * from the disk once, and objects, which bear the digest of their content as their name, once as well.
 */
export class GitStore {
  private readonly cache = {};
  private readonly known = new Map<string, string | undefined>();
  private readonly commits = new Kept<GitCommit>();
  private readonly blobs = new Kept<Uint8Array>();
  private readonly merges = new Kept<{ readonly tree: string | undefined }>();
  private readonly bases = new Kept<string>();
  private readonly trees = new Kept<{ oid: string; tree: TreeEntry[] }>();
  private constructor(private readonly gitdir: string) {}

  static async open(folder: string, owner: string, name: string, defaultBranch: string): Promise<GitStore> {
    const gitdir = join(folder, 'git', owner, `${name}.git`);
    await fs.promises.mkdir(gitdir, { recursive: true });
    await git.init({ fs, gitdir, bare: true, defaultBranch });
    return new GitStore(gitdir);
  }

  private get at() {
    return { fs, gitdir: this.gitdir, cache: this.cache };
  }

  async ref(ref: string): Promise<string | undefined> {
    if (!this.known.has(ref)) {
      const found = await git.resolveRef({ fs, gitdir: this.gitdir, ref }).catch(() => undefined);
      // Set meanwhile: what was set is newer.
      if (!this.known.has(ref)) this.known.set(ref, found);
    }
    return this.known.get(ref);
  }
  async setRef(ref: string, sha: string): Promise<void> {
    await git.writeRef({ fs, gitdir: this.gitdir, ref, value: sha, force: true });
    this.known.set(ref, sha);
  }
  async deleteRef(ref: string): Promise<void> {
    await git.deleteRef({ fs, gitdir: this.gitdir, ref });
    this.known.set(ref, undefined);
  }
  async refs(kind: 'heads' | 'tags'): Promise<Array<{ ref: string; sha: string }>> {
    const names = await (kind === 'heads' ? git.listBranches : git.listTags)({ fs, gitdir: this.gitdir });
    const found = await Promise.all(
      names.map(async (name) => ({ ref: `refs/${kind}/${name}`, sha: (await this.ref(`refs/${kind}/${name}`)) ?? '' })),
    );
    return found.filter(({ sha }) => sha !== '').sort((a, b) => (a.ref < b.ref ? -1 : 1));
  }

  async commit(sha: string): Promise<GitCommit | undefined> {
    return this.object(this.commits, sha, async () => {
      const { oid, commit } = await git.readCommit({ ...this.at, oid: sha });
      if (oid !== sha) return undefined;
      const { tree, author, committer } = commit;
      return { sha, tree, parents: commit.parent, message: commit.message.replace(/\n$/, ''), author, committer };
    });
  }
  private async object<T>(kept: Kept<T>, sha: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
    return kept.get(sha, () => read().catch(() => undefined));
  }
  async writeCommit(input: Omit<GitCommit, 'sha'>): Promise<string> {
    const { parents, ...rest } = input;
    return git.writeCommit({ ...this.at, commit: { ...rest, parent: parents } });
  }

  async blob(sha: string): Promise<Uint8Array | undefined> {
    return this.object(this.blobs, sha, async () => (await git.readBlob({ ...this.at, oid: sha })).blob);
  }
  async writeBlob(content: Uint8Array): Promise<string> {
    return git.writeBlob({ ...this.at, blob: content });
  }

  /** The direct entries of a tree (or of a commit's tree); undefined where there is no such object. */
  async entries(sha: string): Promise<{ readonly oid: string; readonly tree: TreeEntry[] } | undefined> {
    return this.object(this.trees, sha, async () => {
      const { oid, tree } = await git.readTree({ ...this.at, oid: sha });
      return { oid, tree };
    });
  }
  async flatten(tree: string, prefix = '', into: FlatTree = new Map()): Promise<FlatTree> {
    const found = await this.entries(tree);
    for (const entry of found?.tree ?? []) {
      const path = `${prefix}${entry.path}`;
      if (entry.type === 'tree') await this.flatten(entry.oid, `${path}/`, into);
      else into.set(path, { mode: entry.mode, oid: entry.oid });
    }
    return into;
  }
  async writeFlat(files: FlatTree): Promise<string> {
    const here = new Map<string, TreeFile>();
    const below = new Map<string, FlatTree>();
    for (const [path, file] of files) {
      const cut = path.indexOf('/');
      if (cut < 0) here.set(path, file);
      else {
        const folder = path.slice(0, cut);
        const inner = below.get(folder) ?? new Map<string, TreeFile>();
        below.set(folder, inner.set(path.slice(cut + 1), file));
      }
    }
    const tree = [...here].map(([path, { mode, oid }]) => ({ path, mode, oid, type: 'blob' as const }));
    const folders = [];
    for (const [path, inner] of below)
      folders.push({ path, mode: '040000', oid: await this.writeFlat(inner), type: 'tree' as const });
    return git.writeTree({ ...this.at, tree: [...tree, ...folders] });
  }

  async ancestors(sha: string): Promise<Set<string>> {
    const seen = new Set<string>();
    const queue = [sha];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(...((await this.commit(next))?.parents ?? []));
    }
    return seen;
  }
  async isAncestor(older: string, newer: string): Promise<boolean> {
    return (await this.ancestors(newer)).has(older);
  }
  async mergeBase(left: string, right: string): Promise<string | undefined> {
    return this.bases.get(`${left} ${right}`, async () => {
      const [found] = (await git.findMergeBase({ ...this.at, oids: [left, right] })) as string[];
      return found;
    });
  }
  /** Commits reachable from `head` and not from `base`, oldest first, parents before children. */
  async between(base: string | undefined, head: string): Promise<GitCommit[]> {
    const known = base ? await this.ancestors(base) : new Set<string>();
    const order: GitCommit[] = [];
    const visit = async (sha: string): Promise<void> => {
      if (known.has(sha)) return;
      known.add(sha);
      const commit = await this.commit(sha);
      if (!commit) return;
      for (const parent of commit.parents) await visit(parent);
      order.push(commit);
    };
    await visit(head);
    return order;
  }

  /** The tree of a merge of `theirs` into `ours`, undefined on a conflict. Nothing but objects is written. */
  async mergedTree(ours: string, theirs: string): Promise<string | undefined> {
    return (await this.merges.get(`${ours} ${theirs}`, async () => ({ tree: await this.merge(ours, theirs) })))?.tree;
  }
  private async merge(ours: string, theirs: string): Promise<string | undefined> {
    const person = { name: 'sandbox', email: 'sandbox@localhost', timestamp: 0, timezoneOffset: 0 };
    try {
      const result = await git.merge({
        ...this.at,
        ours,
        theirs,
        fastForward: false,
        noUpdateBranch: true,
        abortOnConflict: true,
        author: person,
        committer: person,
        message: 'merge',
      });
      if (result.tree) return result.tree;
      return result.oid ? (await this.commit(result.oid))?.tree : undefined;
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (name === 'MergeConflictError' || name === 'MergeNotSupportedError') return undefined;
      throw error;
    }
  }
}
