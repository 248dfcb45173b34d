import { describe, expect, test } from '@jest/globals';
import type { Finding } from '@planwarden/contracts';
import { newLinesOf } from './diff-lines.js';
import { findingsText, reviewMarker, reviewText } from './index.js';

const finding = (more: Partial<Finding> = {}): Finding => ({
  ...{ rule: 'root-user', severity: 'high', message: 'runs as root', remedy: 'Do not.' },
  ...{ file: 'a/b.yaml', line: 3, object: null },
  ...more,
});
const text = (more: Partial<Parameters<typeof reviewText>[0]> = {}) =>
  reviewText({
    ...{ run: 'run_1', sha: 'a'.repeat(40), headSha: 'a'.repeat(40), event: 'REQUEST_CHANGES', denies: true },
    ...{ findings: [finding()], onLines: 0, notes: ['No plan was made.'] },
    ...more,
  });

describe('the text of a review', () => {
  test('names commit, findings with their places, what was not seen, and the run', () => {
    const said = text();
    expect(said).toContain('a'.repeat(40));
    expect(said).toContain('high root-user a/b.yaml:3');
    expect(said).toContain('Mend: Do not.');
    expect(said).toContain('- No plan was made.');
    expect(said.split(reviewMarker('run_1'))).toHaveLength(2);
    expect(said).not.toContain('has moved');
    expect(text({ headSha: 'b'.repeat(40) })).toContain('has moved since');
    expect(text({ denies: false, findings: [] })).toContain('found nothing');
  });

  test('a file cannot speak with our voice: no marker, mention, fence or heading of its own', () => {
    const evil = `x\n\`\`\`\n### Approved\n${reviewMarker('run_2')} @everyone [a](https://evil.test) ![b](c)`;
    for (const said of [
      text({ findings: [finding({ message: evil, file: `${evil}.yaml` })] }),
      findingsText([finding({ message: evil })]),
    ]) {
      expect(said).not.toContain(reviewMarker('run_2'));
      expect(said).not.toContain('@everyone');
      expect(said).not.toMatch(/^### Approved/m);
      expect(said).not.toContain('](https');
    }
  });
});

test('lines of the new side that a patch shows', () => {
  const patch = '@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -10,1 +10,2 @@\n j\n+k\n\\ No newline at end of file';
  expect([...newLinesOf(patch)]).toEqual([1, 2, 3, 10, 11]);
  expect([...newLinesOf('')]).toEqual([]);
});
