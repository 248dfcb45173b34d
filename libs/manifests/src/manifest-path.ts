import { type ErrorCode, PlanwardenError } from '@planwarden/contracts';

/** Parts of a path that steer the repository or the gate itself; no run may touch them. */
const RESERVED = new Set(['.github', '.git', '.planwarden', 'codeowners']);

/** Whether a path decides about the repository itself. */
export const isReserved = (path: string): boolean => path.split('/').some((part) => RESERVED.has(part.toLowerCase()));

/** Why a file cannot be part of a change of manifests by its name alone. */
export interface PathRefusal {
  readonly code: ErrorCode;
  readonly why: string;
}

/** Names that Argo CD reads otherwise than we plan: settings beside the manifests, generators, and what we do not read. */
export function nameRefusal(path: string): PathRefusal | null {
  const parts = path.split('/');
  // Argo CD takes settings from `.argocd-source*.yaml` beside the manifests.
  if (parts.some((part) => part.startsWith('.'))) {
    return { code: 'PATH_OUTSIDE_TARGET', why: 'has a part that begins with a dot' };
  }
  if (!/\.ya?ml$/.test(path)) {
    return { code: 'NOT_SUPPORTED', why: 'is not a .yaml or .yml file; other files are not supported yet' };
  }
  if (/^(kustomization|chart|values)\.ya?ml$/i.test(parts.at(-1) ?? '')) {
    return { code: 'NOT_SUPPORTED', why: 'belongs to Kustomize or Helm, which are not supported yet' };
  }
  return null;
}

/**
 * Findings, plans and pull requests name files from the root of the repository, so that is how a file tends to be given
 * back: below the target's folder it would lie in that folder a second time. A folder of one part may well hold another
 * of its name, so only deeper ones are told apart. A file that came to lie there before can still be deleted.
 * @param path relative to the folder, as it was given
 */
export const repeatsFolder = (path: string, folder: string): boolean =>
  folder.includes('/') && path.startsWith(`${folder}/`);

/** A changed path of a commit. Mode `000000`: it is gone. */
export interface ChangedPath {
  readonly path: string;
  readonly mode: string;
}

/**
 * Refuses what a person pushed and the plan would not show: Argo CD reads more than plain YAML. Paths outside the folder,
 * and those that decide about the repository, are left to policy, which names them in a finding.
 * @param folder of the target
 * @throws PlanwardenError PATH_OUTSIDE_TARGET, NOT_SUPPORTED, naming the path
 */
export function assertPlainManifests(changed: readonly ChangedPath[], folder: string): void {
  for (const { path, mode } of changed) {
    if (!path.startsWith(`${folder}/`) || isReserved(path)) continue;
    const refusal = nameRefusal(path.slice(folder.length + 1));
    if (refusal) throw refusedPath(refusal, path);
    if (mode === '100644' || mode === '000000') continue;
    throw refusedPath({ code: 'NOT_SUPPORTED', why: `is no plain file (mode ${mode})` }, path);
  }
}

export function refusedPath({ code, why }: PathRefusal, path: string, field?: string): PlanwardenError {
  const shown = JSON.stringify(path.slice(0, 200));
  return new PlanwardenError(code, `the path ${shown} ${why}`, {
    where: { ...(field === undefined ? {} : { field }), file: path.slice(0, 200) },
    remedy: "Give plain manifests with paths relative to the target's folder, e.g. shop/deployment.yaml.",
  });
}
