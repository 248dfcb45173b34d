import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
let opa = '';

beforeAll(async () => {
  const installer = new URL('../../scripts/peers/opa.mjs', import.meta.url).href;
  const { ensureOpa }: { ensureOpa: () => string } = await import(installer);
  opa = ensureOpa();
}, 600_000);

test('the real opa runs every rule test, and all pass', () => {
  const { status, stdout } = spawnSync(opa, ['test', 'policies', '--format', 'json'], { cwd: root, encoding: 'utf8' });
  const results: { name: string; fail?: boolean }[] = JSON.parse(stdout);
  expect(results.filter((result) => result.fail).map((result) => result.name)).toEqual([]);
  expect(results.length).toBeGreaterThanOrEqual(68);
  expect(status).toBe(0);
});

test('the rules are formatted as opa formats them', () => {
  const { stdout } = spawnSync(opa, ['fmt', '--list', 'policies'], { cwd: root, encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('policy.wasm, its manifest and the digest in the code are reproduced bit for bit', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/policies-build.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('reproduced bit for bit');
  expect(status).toBe(0);
});
