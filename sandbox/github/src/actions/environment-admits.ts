import type { SeedEnvironment } from '../seed.js';

/** Whether a job of this ref may use the environment. `*` takes no slash and `**` any, as in GitHub's patterns of deployment branches. */
export function environmentAdmits({ admits }: SeedEnvironment, ref: string): boolean {
  if (admits === undefined) return true;
  const [, kind, name = ''] = /^refs\/(heads|tags)\/(.*)$/.exec(ref) ?? [];
  return admits.some((one) => kind === (one.type === 'tag' ? 'tags' : 'heads') && expressionOf(one.name).test(name));
}

const expressionOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split(/(\*\*|\*)/)
      .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')))
      .join('')}$`,
  );
