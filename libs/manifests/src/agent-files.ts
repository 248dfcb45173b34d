import {
  type ChangeFile,
  type ErrorCode,
  type GeneratedFile,
  type PlanwardenError,
  type Target,
} from '@planwarden/contracts';
import { isReserved, nameRefusal, refusedPath, repeatsFolder } from './manifest-path.js';

const MAX_BYTES = 256 * 1024;
/** As in the change request. */
const MAX_PATH = 512;
const provenance = { source: 'agent', template: null, templateDigest: null } as const;
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
      if (repeatsFolder(path, target.path)) {
        const why = `begins with the target's folder, so it would lie at ${JSON.stringify(whole.slice(0, 200))}`;
        throw refused('PATH_OUTSIDE_TARGET', path, `${field}.path`, why);
      }
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
  if (isReserved(path)) throw outside('is reserved');
  if (whole.length > MAX_PATH) throw outside(`is longer than ${MAX_PATH} characters with the target's folder`);
  const refusal = nameRefusal(path);
  if (refusal) throw refusedPath(refusal, path, field);
  return whole;
}

const refused = (code: ErrorCode, path: string, field: string, why: string): PlanwardenError =>
  refusedPath({ code, why }, path, field);
