import { type GeneratedFile, PlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import type { SourceControl } from '@planwarden/source-control';
import type { StackFile } from '@planwarden/terraform';

/**
 * The files of a stack at a commit, relative to its folder.
 * @throws PlanwardenError NOT_SUPPORTED for anything that is no plain file, such as a symbolic link
 */
export async function stackFilesAt(
  github: SourceControl,
  target: TerraformTarget,
  commit: string,
): Promise<StackFile[]> {
  const prefix = `${target.path}/`;
  const found = (await github.filesAt(commit)).filter(({ path }) => path.startsWith(prefix));
  return Promise.all(
    found.map(async ({ path, mode, blobSha }) => {
      if (mode !== '100644') {
        throw new PlanwardenError('NOT_SUPPORTED', `${path} is no plain file (mode ${mode})`, {
          where: { file: path },
          remedy: 'Keep plain, not executable files in the folder of a stack.',
        });
      }
      return { path: path.slice(prefix.length), content: await github.blobText(blobSha) };
    }),
  );
}

/** The stack as it would be with a change on top. */
export function withChange(
  stack: readonly StackFile[],
  files: readonly GeneratedFile[],
  target: TerraformTarget,
): StackFile[] {
  const after = new Map(stack.map(({ path, content }) => [path, content]));
  for (const { path, content } of files) {
    const inside = path.slice(target.path.length + 1);
    if (content === null) after.delete(inside);
    else after.set(inside, content);
  }
  return [...after].map(([path, content]) => ({ path, content })).sort((a, b) => (a.path < b.path ? -1 : 1));
}
