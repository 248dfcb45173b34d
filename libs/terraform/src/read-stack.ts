import { PlanwardenError, type StackSource } from '@planwarden/contracts';
import { assertNames } from './check-names.js';
import type { HclFile } from './hcl-file.js';
import { parseHcl } from './parse-hcl.js';
import { type AllowedProvider, assertSafe } from './source-safety.js';
import type { StackFile } from './stack-runner.js';
import { stackSource } from './stack-source.js';

/**
 * Reads all files of a stack: parsed, names known, found safe to plan, and what they declare.
 * @param files relative to the stack's folder; messages name them below `folder`
 * @throws PlanwardenError TERRAFORM_INVALID, TERRAFORM_REFUSED, NOT_SUPPORTED, with file and line
 */
export async function readStack(
  files: readonly StackFile[],
  { folder, providers }: { readonly folder: string; readonly providers: readonly AllowedProvider[] },
): Promise<StackSource> {
  for (const { path } of files) assertStackPath(path, `${folder}/${path}`);
  const parsed: HclFile[] = [];
  for (const { path, content } of files) {
    if (path.endsWith('.tf')) parsed.push(await parseHcl(`${folder}/${path}`, content));
  }
  assertNames(parsed);
  assertSafe(parsed, { providers, paths: files.map(({ path }) => path) });
  return stackSource(parsed);
}

/** Files Terraform reads by itself, or that replace others: what they mean is not judged, so they are refused. */
const MEANING_OF_ITS_OWN =
  /^(override\.tf|.*_override\.tf|planwarden_.*|plan\.out|.*\.tf\.json|.*\.tfvars(\.json)?|.*\.tfstate.*|.*\.tofu.*)$/i;
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/;

/**
 * Files of a stack lie directly in its folder and have plain names.
 * @param path relative to the stack's folder; @param shown as messages name it
 * @throws PlanwardenError NOT_SUPPORTED naming the file
 */
export function assertStackPath(path: string, shown: string): void {
  if (path === '.terraform.lock.hcl') return;
  const why = path.includes('/')
    ? 'lies in a folder below the stack'
    : !PLAIN.test(path)
      ? 'has a name that is not plain'
      : MEANING_OF_ITS_OWN.test(path)
        ? 'is a kind of file that Terraform takes by itself'
        : undefined;
  if (why === undefined) return;
  throw new PlanwardenError('NOT_SUPPORTED', `${shown.slice(0, 200)} ${why}, which is not supported`, {
    where: { file: shown.slice(0, 200) },
    remedy: 'Give plain *.tf files directly in the folder of the target.',
  });
}
