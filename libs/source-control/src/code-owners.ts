import type { repositoryReads } from './repository-reads.js';

/** One line of CODEOWNERS as GitHub reads it. */
export interface OwnerRule {
  readonly pattern: string;
  /** `@login`, `@org/team` or an e-mail address, as written; empty: nobody owns what matches. */
  readonly owners: readonly string[];
}

/** Where GitHub looks, in this order; the first that is there counts. */
const PLACES = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'];
const OWNER = /^(?:@[A-Za-z0-9][A-Za-z0-9-]*(?:\/[A-Za-z0-9._-]+)?|[^\s@]+@[^\s@]+)$/;

/** Reads CODEOWNERS. A line that GitHub does not understand is skipped, as GitHub does. */
export function parseCodeOwners(text: string): OwnerRule[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.replace(/(^|\s)#.*$/, '').match(/(?:\\ |\S)+/g) ?? [];
    const [written, ...owners] = words;
    if (written === undefined || /^[!\\]|[[\]]/.test(written)) return [];
    if (!owners.every((owner) => OWNER.test(owner))) return [];
    return [{ pattern: written.replaceAll('\\ ', ' '), owners }];
  });
}

/** The rules that count for changed paths: of each path the last that matches, where it names owners. */
export function rulesFor(rules: readonly OwnerRule[], paths: readonly string[]): OwnerRule[] {
  const compiled = rules.map((rule) => ({ rule, matches: matcherOf(rule.pattern) }));
  const found = new Set<OwnerRule>();
  for (const path of paths) {
    const last = compiled.findLast(({ matches }) => matches.test(path));
    if (last && last.rule.owners.length > 0) found.add(last.rule);
  }
  return [...found].sort((a, b) => (a.pattern < b.pattern ? -1 : a.pattern > b.pattern ? 1 : 0));
}

/** The rules of CODEOWNERS at a commit; none where there is no such file. */
export async function codeOwnersAt(
  reads: Pick<ReturnType<typeof repositoryReads>, 'filesAt' | 'blobText'>,
  sha: string,
): Promise<OwnerRule[]> {
  const files = await reads.filesAt(sha);
  const file = PLACES.map((place) => files.find(({ path }) => path === place)).find((one) => one !== undefined);
  return file === undefined ? [] : parseCodeOwners(await reads.blobText(file.blobSha));
}

/**
 * A pattern as a regular expression over whole paths. As in .gitignore a slash anywhere but at the end ties it to the
 * root, and what names a folder takes everything below; other than there, `folder/*` takes only what lies directly in it.
 */
function matcherOf(pattern: string): RegExp {
  const isFolder = pattern.endsWith('/');
  const body = pattern.replace(/^\//, '').replace(/\/$/, '');
  const isTied = pattern.replace(/\/$/, '').includes('/');
  const parts = body.split('/');
  const source = parts
    .map((part, index) => {
      const isLast = index === parts.length - 1;
      if (part === '**') return isLast ? '.*' : '(?:[^/]+/)*';
      const text = part
        .replace(/[.+^${}()|\\]/g, '\\$&')
        .replaceAll(/\*+/g, '[^/]*')
        .replaceAll('?', '[^/]');
      return isLast ? text : `${text}/`;
    })
    .join('');
  const last = parts.at(-1);
  const below = isFolder ? '/.*' : last === '*' && isTied ? '' : last === '**' ? '' : '(?:/.*)?';
  return new RegExp(`^${isTied ? '' : '(?:.*/)?'}${source}${below}$`);
}
