import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

const peers: { ensureActionlint(): string } = await import(
  new URL('../../scripts/peers/actionlint.mjs', import.meta.url).href
);
const folder = new URL('../../deploy/github/', import.meta.url).pathname;

/** What actionlint finds. Without shellcheck and pyflakes, which not every machine has. */
function lint(file: string, input?: string): { status: number | null; stdout: string } {
  const args = ['-no-color', '-shellcheck=', '-pyflakes=', file];
  return spawnSync(peers.ensureActionlint(), args, { cwd: folder, encoding: 'utf8', input });
}

test.each(['planwarden-plan.yml', 'planwarden-apply.yml'])('%s is what GitHub takes', (file) => {
  expect(lint(file)).toMatchObject({ status: 0, stdout: '' });
});

test('what is wrong in one is seen', () => {
  const job = 'jobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n';
  const wrong = `on: workflow_dispatch\n${job}      - run: echo \${{ inputs.nobody }}\n`;
  expect(lint('-', wrong)).toMatchObject({ status: 1, stdout: expect.stringContaining('nobody') });
});
