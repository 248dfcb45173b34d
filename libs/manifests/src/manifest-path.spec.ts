import { expect, test } from '@jest/globals';
import { assertPlainManifests } from './index.js';

const refusalOf = (path: string, mode = '100644'): string => {
  try {
    assertPlainManifests([{ path, mode }], 'docs');
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test.each([
  ['docs/shop/deployment.yaml', '100644', 'taken'],
  ['docs/shop/gone.yml', '000000', 'taken'],
  // Argo CD reads these too, and we do not plan them.
  ['docs/shop/deployment.json', '100644', 'NOT_SUPPORTED'],
  ['docs/shop/deployment.YAML', '100644', 'NOT_SUPPORTED'],
  ['docs/shop/main.jsonnet', '100644', 'NOT_SUPPORTED'],
  ['docs/shop/kustomization.yaml', '100644', 'NOT_SUPPORTED'],
  ['docs/shop/Chart.yaml', '000000', 'NOT_SUPPORTED'],
  ['docs/.argocd-source.yaml', '100644', 'PATH_OUTSIDE_TARGET'],
  ['docs/.argocd-source-shop.yaml', '100644', 'PATH_OUTSIDE_TARGET'],
  ['docs/shop/deployment.yaml', '120000', 'NOT_SUPPORTED'],
  ['docs/shop/deployment.yaml', '100755', 'NOT_SUPPORTED'],
  // Named by the rule path-outside-target, as a finding.
  ['docs/CODEOWNERS', '100644', 'taken'],
  ['docs/shop/.github/workflows/ci.yaml', '100644', 'taken'],
  ['elsewhere/README.md', '100644', 'taken'],
])('a pushed %s of mode %s: %s', (path, mode, expected) => {
  expect(refusalOf(path, mode)).toBe(expected);
});
