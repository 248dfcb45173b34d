import {
  type ChangeFile,
  type ErrorCode,
  type GeneratedFile,
  PlanwardenError,
  type Target,
} from '@planwarden/contracts';

const MAX_BYTES = 256 * 1024;
/** As in the change request. */
const MAX_PATH = 512;
const provenance = { source: 'agent', template: null, templateDigest: null } as const;
/** Parts of a path that steer the repository or the gate itself; no run may touch them. */
const RESERVED = new Set(['.github', '.git', '.planwarden', 'codeowners']);

/**
 * Files of an agent, below the target's folder.
 * @throws PlanwardenError PATH_OUTSIDE_TARGET, NOT_SUPPORTED, BODY_TOO_LARGE, INPUT_INVALID, naming the path
 */
export function agentFiles(
  request: { readonly files: readonly ChangeFile[]; readonly deletions: readonly string[] },
  target: Target,
): GeneratedFile[] {
  const seen = new Set<string>();
  const place = (path: string, field: string): string => {
    const whole = placed(path, target, field);
    // Two names that differ in case only are one file on some machines.
    if (seen.has(whole.toLowerCase())) throw refused('INPUT_INVALID', path, field, 'is named twice');
    seen.add(whole.toLowerCase());
    return whole;
  };
  return [
    ...request.files.map(({ path, content }, index): GeneratedFile => {
      const field = `files.${index}`;
      const whole = place(path, `${field}.path`);
      if (Buffer.byteLength(content) > MAX_BYTES) {
        throw refused('BODY_TOO_LARGE', path, `${field}.content`, 'is over 256 KiB');
      }
      return { path: whole, content, provenance };
    }),
    ...request.deletions.map(
      (path, index): GeneratedFile => ({ path: place(path, `deletions.${index}`), content: null, provenance }),
    ),
  ];
}

function placed(path: string, target: Target, field: string): string {
  const outside = (why: string): PlanwardenError => refused('PATH_OUTSIDE_TARGET', path, field, why);
  // Git, file systems and readers disagree about the rest: invisible signs, two spellings of one letter, `git~1`.
  if (/[\p{C}\\%~]|[^\S ]/u.test(path)) throw outside('holds a control or invisible character, a backslash, % or ~');
  if (path !== path.normalize('NFC')) throw outside('is not in Unicode normal form C');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw outside('is absolute');
  const parts = path.split('/');
  const whole = `${target.path}/${path}`;
  if (parts.some((part) => part === '..' || part === '.' || part === '')) throw outside('is not a plain path');
  if (parts.some((part) => part !== part.trim() || part.endsWith('.'))) throw outside('has a part that ends oddly');
  if (parts.some((part) => RESERVED.has(part.toLowerCase()))) throw outside('is reserved');
  // Argo CD takes settings from `.argocd-source*.yaml` beside the manifests.
  if (parts.some((part) => part.startsWith('.'))) throw outside('has a part that begins with a dot');
  if (whole.length > MAX_PATH) throw outside(`is longer than ${MAX_PATH} characters with the target's folder`);
  if (!/\.ya?ml$/.test(path)) {
    throw refused('NOT_SUPPORTED', path, field, 'is not a .yaml or .yml file; other files are not supported yet');
  }
  if (/^(kustomization|chart|values)\.ya?ml$/i.test(parts.at(-1) ?? '')) {
    throw refused('NOT_SUPPORTED', path, field, 'belongs to Kustomize or Helm, which are not supported yet');
  }
  return whole;
}

function refused(code: ErrorCode, path: string, field: string, why: string): PlanwardenError {
  const shown = JSON.stringify(path.slice(0, 200));
  return new PlanwardenError(code, `the path ${shown} ${why}`, {
    where: { field, file: path.slice(0, 200) },
    remedy: "Give plain manifests with paths relative to the target's folder, e.g. shop/deployment.yaml.",
  });
}
