import { type ErrorCode, isPlanwardenError, type StackSource } from '@planwarden/contracts';
import { checkNames } from './check-names.js';
import type { HclFile } from './hcl-file.js';
import { parseHcl } from './parse-hcl.js';
import { assertStackPath } from './read-stack.js';
import { type AllowedProvider, unsafeParts } from './source-safety.js';
import type { StackFile } from './stack-runner.js';
import { stackSource } from './stack-source.js';

/** One reason why `readStack` would refuse the files. */
export interface StackProblem {
  readonly code: ErrorCode;
  readonly file: string;
  readonly line: number | null;
  readonly message: string;
  readonly remedy: string;
}

/**
 * As `readStack`, for a reviewer: nothing stops at the first problem, every one is told, and what could be read is
 * read. What it gives must never be planned.
 * @throws only what is no fault of the files
 */
export async function reviewStack(
  files: readonly StackFile[],
  { folder, providers }: { readonly folder: string; readonly providers: readonly AllowedProvider[] },
): Promise<StackSource & { readonly problems: readonly StackProblem[] }> {
  const problems: StackProblem[] = [];
  const parsed: HclFile[] = [];
  for (const { path, content } of files) {
    const shown = `${folder}/${path}`;
    try {
      assertStackPath(path, shown);
      if (path.endsWith('.tf')) parsed.push(await parseHcl(shown, content));
    } catch (error) {
      if (!isPlanwardenError(error) || error.errorClass !== 'caller') throw error;
      const { code, message, remedy, where } = error;
      problems.push({ code, message, remedy, file: shown, line: where?.line ?? null });
    }
  }
  problems.push(
    ...checkNames(parsed).map((one) => ({ code: 'TERRAFORM_INVALID' as const, ...one })),
    ...unsafeParts(parsed, { providers, paths: files.map(({ path }) => path) }).map((one) => ({
      code: 'TERRAFORM_REFUSED' as const,
      ...one,
    })),
  );
  return {
    ...stackSource(parsed),
    problems: problems.map(({ code, file, line, message, remedy }) => ({ code, file, line, message, remedy })),
  };
}
