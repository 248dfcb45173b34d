import type { FileEntry } from '@planwarden/approvals';
import type { GeneratedFile, Provenance, Target } from '@planwarden/contracts';
import type { SourceControl } from '@planwarden/source-control';

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
  const files: GeneratedFile[] = [];
  for (const entry of entries) {
    if (!(target.kind === 'terraform' || isManifest(entry.path)) || !entry.path.startsWith(`${target.path}/`)) continue;
    files.push({
      path: entry.path,
      content: isGone(entry) ? null : await github.blobText(entry.blobSha),
      provenance: provenance.get(entry.path) ?? fromBranch,
    });
  }
  return files;
}

/** The same paths as they stand at the base commit, where they are there. */
export async function baseFilesOf(
  github: SourceControl,
  baseSha: string,
  paths: readonly string[],
): Promise<GeneratedFile[]> {
  const wanted = new Set(paths);
  const files: GeneratedFile[] = [];
  for (const file of await github.filesAt(baseSha)) {
    if (!wanted.has(file.path) || !isManifest(file.path)) continue;
    files.push({ path: file.path, content: await github.blobText(file.blobSha), provenance: fromBranch });
  }
  return files;
}
