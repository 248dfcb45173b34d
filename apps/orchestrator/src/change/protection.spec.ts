import { expect, test } from '@jest/globals';
import type { Target } from '@planwarden/contracts';
import { protectionOf } from './protection.js';

test('the environments of jobs are asked for where GitHub Actions plans and applies, and nowhere else', async () => {
  const asked: unknown[] = [];
  const sourceControl = () => ({
    protection: async (what: { environments: unknown }) => asked.push(what.environments),
  });
  const common = { environment: 'staging', baseBranch: 'main', quorum: 1 };
  for (const target of [
    { ...common, kind: 'manifests' },
    { ...common, kind: 'terraform', terraform: { runner: 'worker' } },
    { ...common, kind: 'terraform', terraform: { runner: 'actions' } },
  ]) {
    await protectionOf({ sourceControl } as never, target as unknown as Target);
  }
  expect(asked).toEqual([null, null, { plan: 'planwarden-plan-staging', apply: 'planwarden-apply-staging' }]);
});
