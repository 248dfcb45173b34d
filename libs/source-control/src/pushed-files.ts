import { PlanwardenError } from '@planwarden/contracts';
import type { repositoryReads, TreeFile } from './repository-reads.js';

export interface ExpectedPush {
  /** Merge base and head of the branch. */
  readonly base: string;
  readonly head: string;
  readonly expected: readonly TreeFile[];
  readonly deletions: readonly string[];
  /** Commits our journal names. */
  readonly knownCommits: readonly string[];
}

/**
 * Reads a pushed branch back: exactly our paths, modes and blobs, and only commits we know. Whole trees are compared,
 * so nothing depends on how GitHub lists a diff.
 * @throws PlanwardenError PUSHED_FILES_DIFFER naming the path or the commit
 */
export async function verifyPushedFiles(reads: ReturnType<typeof repositoryReads>, push: ExpectedPush): Promise<void> {
  const { commits, mergeBase } = await reads.compare(push.base, push.head);
  if (mergeBase !== push.base) throw differs('the branch starts at another commit');
  const strange = commits.find((commit) => !push.knownCommits.includes(commit.sha));
  if (strange) throw differs(`commit ${strange.sha} is not ours`);
  const byPath = (files: readonly TreeFile[]) => new Map(files.map((file) => [file.path, file]));
  const wanted = byPath(await reads.filesAt(push.base));
  for (const path of push.deletions) wanted.delete(path);
  for (const file of push.expected) wanted.set(file.path, file);
  const found = byPath(await reads.filesAt(push.head));
  for (const path of [...new Set([...wanted.keys(), ...found.keys()])].sort()) {
    const [want, have] = [wanted.get(path), found.get(path)];
    if (!have) throw differs('a file is missing', path);
    if (!want) throw differs('a file is there that nobody asked for', path);
    if (have.mode !== want.mode) throw differs(`a file has mode ${have.mode} instead of ${want.mode}`, path);
    if (have.blobSha !== want.blobSha) throw differs('a file has other bytes', path);
  }
}

function differs(what: string, path?: string): PlanwardenError {
  return new PlanwardenError('PUSHED_FILES_DIFFER', `the pushed branch differs: ${what}`, {
    ...(path === undefined ? {} : { where: { file: path } }),
    remedy: 'Look at who or what pushed to the branch of the run; start a new run.',
  });
}
