import type { FileEntry } from '@planwarden/approvals';
import { type GeneratedFile, inParallel, type Provenance, type Target } from '@planwarden/contracts';
import type { SourceControl } from '@planwarden/source-control';

/** Reads of one commit under way at a time. */
const AT_A_TIME = 5;

/** What stands for a file that is gone: git's own way to write "nothing". */
export const GONE = { mode: '000000', blobSha: '0'.repeat(40) } as const;

/** Every path whose mode or bytes differ between two commits, over the whole repository, sorted. */
export async function changedEntries(github: SourceControl, baseSha: string, headSha: string): Promise<FileEntry[]> {
  const [base, head] = await Promise.all([github.filesAt(baseSha), github.filesAt(headSha)]);
  const before = new Map(base.map((file) => [file.path, file]));
  const after = new Map(head.map((file) => [file.path, file]));
  const changed: FileEntry[] = [];
  for (const file of head) {
    const old = before.get(file.path);
    if (old?.blobSha !== file.blobSha || old.mode !== file.mode) changed.push(file);
  }
  for (const file of base) if (!after.has(file.path)) changed.push({ path: file.path, ...GONE });
  return changed.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const isGone = (entry: FileEntry): boolean => entry.blobSha === GONE.blobSha;
const isManifest = (path: string): boolean => /\.ya?ml$/.test(path);
const fromBranch: Provenance = { source: 'agent', template: null, templateDigest: null };

/**
 * Files of the changed paths at a commit. Paths that are no manifests of the target come without content: what they
 * are called is judged, what is in them is not read.
 */
export async function filesAtCommit(
  github: SourceControl,
  entries: readonly FileEntry[],
  target: Target,
  provenance: ReadonlyMap<string, Provenance> = new Map(),
): Promise<GeneratedFile[]> {
  const ofTarget = entries.filter(
    ({ path }) => (target.kind === 'terraform' || isManifest(path)) && path.startsWith(`${target.path}/`),
  );
  return inParallel(AT_A_TIME, ofTarget, async (entry) => ({
    path: entry.path,
    content: isGone(entry) ? null : await github.blobText(entry.blobSha),
    provenance: provenance.get(entry.path) ?? fromBranch,
  }));
}

/** The same paths as they stand at the base commit, where they are there. */
export async function baseFilesOf(
  github: SourceControl,
  baseSha: string,
  paths: readonly string[],
): Promise<GeneratedFile[]> {
  const wanted = new Set(paths);
  const found = (await github.filesAt(baseSha)).filter(({ path }) => wanted.has(path) && isManifest(path));
  return inParallel(AT_A_TIME, found, async (file) => ({
    path: file.path,
    content: await github.blobText(file.blobSha),
    provenance: fromBranch,
  }));
}
