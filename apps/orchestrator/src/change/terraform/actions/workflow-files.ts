import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, PlanwardenError, type Target } from '@planwarden/contracts';
import { gitBlobSha } from '@planwarden/manifests';
import type { SourceControl } from '@planwarden/source-control';
import { WORKFLOWS_FOLDER } from '../../../shipped-folders.js';

/** Where the shipped files belong in a repository. */
const PLACES: Readonly<Record<string, string>> = {
  'planwarden-apply.yml': '.github/workflows/planwarden-apply.yml',
  'planwarden-plan.yml': '.github/workflows/planwarden-plan.yml',
  'planwarden-stack.mjs': '.github/planwarden/planwarden-stack.mjs',
};

/** The workflow files that this release ships, by their place in a repository. */
export function shippedWorkflows(): Record<string, string> {
  const read = (name: string): string => readFileSync(join(WORKFLOWS_FOLDER, name), 'utf8');
  return Object.fromEntries(Object.entries(PLACES).map(([name, place]) => [place, read(name)]));
}

/** Digest of the shipped workflow files as they are at a commit; null where no workflow plans or applies. */
export async function workflowsDigest(github: SourceControl, target: Target, commit: string): Promise<string | null> {
  if (target.kind !== 'terraform' || target.terraform.runner !== 'actions') return null;
  return digestOf(await filesAt(github, commit));
}

/** @throws PlanwardenError WORKFLOWS_DIFFER when a commit does not hold them as this release ships them */
export async function assertWorkflows(github: SourceControl, commit: string): Promise<void> {
  const there = new Map((await filesAt(github, commit)).map((file) => [file.path, file]));
  for (const [path, content] of Object.entries(shippedWorkflows())) {
    const { mode, blobSha } = there.get(path) ?? {};
    if (mode === '100644' && blobSha === gitBlobSha(content)) continue;
    throw new PlanwardenError(
      'WORKFLOWS_DIFFER',
      blobSha === undefined ? `${path} is not in the repository` : `${path} is not the file that this release ships`,
      {
        where: { file: path },
        remedy: 'Copy the files of deploy/github there on the base branch, then ask for the change again.',
      },
    );
  }
}

async function filesAt(github: SourceControl, commit: string) {
  const places = Object.values(PLACES);
  return (await github.filesAt(commit, '.github')).filter(({ path }) => places.includes(path));
}
