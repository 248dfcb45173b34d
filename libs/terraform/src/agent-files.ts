import { type ChangeFile, type GeneratedFile, PlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import { assertStackPath } from './read-stack.js';

const MAX_BYTES = 256 * 1024;
const provenance = { source: 'agent', template: null, templateDigest: null } as const;

/**
 * Files of an agent for a stack, with paths of the repository.
 * @throws PlanwardenError NOT_SUPPORTED, BODY_TOO_LARGE, INPUT_INVALID, naming the path
 */
export function agentTerraformFiles(
  request: { readonly files: readonly ChangeFile[]; readonly deletions: readonly string[] },
  target: TerraformTarget,
): GeneratedFile[] {
  const seen = new Set<string>();
  const placed = (path: string, field: string): string => {
    assertStackPath(path, path);
    if (seen.has(path.toLowerCase())) {
      throw refused('INPUT_INVALID', `the path ${path} is named twice`, field, path);
    }
    seen.add(path.toLowerCase());
    return `${target.path}/${path}`;
  };
  return [
    ...request.files.map(({ path, content }, index): GeneratedFile => {
      const whole = placed(path, `files.${index}.path`);
      if (Buffer.byteLength(content) > MAX_BYTES) {
        throw refused('BODY_TOO_LARGE', `${path} is over 256 KiB`, `files.${index}.content`, path);
      }
      return { path: whole, content, provenance };
    }),
    ...request.deletions.map(
      (path, index): GeneratedFile => ({ path: placed(path, `deletions.${index}`), content: null, provenance }),
    ),
  ];
}

const refused = (code: 'INPUT_INVALID' | 'BODY_TOO_LARGE', message: string, field: string, file: string) =>
  new PlanwardenError(code, message, {
    where: { field, file },
    remedy: 'Name each file once, with less than 256 KiB.',
  });
