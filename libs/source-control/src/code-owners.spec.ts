import { expect, test } from '@jest/globals';
import { parseCodeOwners, rulesFor } from './code-owners.js';

/** The examples of GitHub's own documentation, and what it says of each. */
const DOCUMENTED = `
# comment
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
/build/logs/ @doctocat
docs/* docs-star@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat-logs
/apps/ @octocat
/apps/github
/apps/plat\\ form/ @spaces
!refused @nobody
[ab].txt @nobody
broken not-an-owner
`;
const ownersOf = (path: string) => rulesFor(parseCodeOwners(DOCUMENTED), [path]).flatMap(({ owners }) => owners);

// gate: codeowners-last-match
test.each([
  ['README.md', ['@global-owner1', '@global-owner2']],
  ['lib/x/y.js', ['@js-owner']],
  ['cmd/main.go', ['docs@example.com']],
  ['build/logs/a/b.txt', ['@octocat-logs']],
  ['docs/getting-started.md', ['@doctocat']],
  ['x/apps/y/z.txt', ['@octocat']],
  ['scripts/run.sh', ['@doctocat', '@octocat']],
  ['deep/er/logs/one', ['@octocat-logs']],
  ['apps/x.js', ['@octocat']],
  ['apps/github/deep/file', []],
  ['apps/plat form/file', ['@spaces']],
  ['broken', ['@global-owner1', '@global-owner2']],
])('%s belongs to %j: the last line that matches', (path, owners) => {
  expect(ownersOf(path)).toEqual(owners);
});

test('docs/* takes what lies directly in docs, not below', () => {
  const rules = parseCodeOwners('docs/* @a');
  expect(rulesFor(rules, ['docs/one.md'])).toHaveLength(1);
  expect(rulesFor(rules, ['docs/build/one.md', 'x/docs/one.md'])).toEqual([]);
});

test('several paths ask for each of their rules once', () => {
  const rules = parseCodeOwners('*.tf @a\n/live/ @b @org/team\n');
  expect(rulesFor(rules, ['live/x.tf', 'live/y.yaml', 'main.tf']).map(({ pattern }) => pattern)).toEqual([
    '*.tf',
    '/live/',
  ]);
});
