import { describe, expect, test } from '@jest/globals';
import { agentFiles, parseManifests } from './index.js';
import { file, TARGET } from './manifests.spec-kit.js';

const give = (path: string, content = 'a: 1\n') => agentFiles({ files: [{ path, content }], deletions: [] }, TARGET);

describe('files of an agent', () => {
  test('lie below the folder of the target', () => {
    expect(give('shop/deployment.yaml')[0]?.path).toBe('environments/staging/shop/deployment.yaml');
    expect(agentFiles({ files: [], deletions: ['shop/old.yml'] }, TARGET)).toMatchObject([
      { path: 'environments/staging/shop/old.yml', content: null },
    ]);
  });

  test.each([
    ['PATH_OUTSIDE_TARGET', '../production/deployment.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/../../x.yaml'],
    ['PATH_OUTSIDE_TARGET', '/etc/passwd.yaml'],
    ['PATH_OUTSIDE_TARGET', 'C:/x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop\\x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop//x.yaml'],
    ['PATH_OUTSIDE_TARGET', './x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop /x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/x\u0000.yaml'],
    ['PATH_OUTSIDE_TARGET', '.github/workflows/x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'a/.GitHub/x.yaml'],
    ['PATH_OUTSIDE_TARGET', '.planwarden/x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'CODEOWNERS/x.yaml'],
    ['NOT_SUPPORTED', 'shop/main.tf'],
    ['NOT_SUPPORTED', 'shop/run.sh'],
    ['NOT_SUPPORTED', 'shop/kustomization.yaml'],
    ['NOT_SUPPORTED', 'shop/Chart.yaml'],
  ])('%s for %j, naming the field', (code, path) => {
    expect(() => give(path)).toThrow(
      expect.objectContaining({ code, where: expect.objectContaining({ field: 'files.0.path' }) }),
    );
    expect(() => agentFiles({ files: [], deletions: [path] }, TARGET)).toThrow(expect.objectContaining({ code }));
  });

  test('a file over the limit and a path named twice, in any case, are refused', () => {
    expect(() => give('x.yaml', 'a'.repeat(256 * 1024 + 1))).toThrow(
      expect.objectContaining({ code: 'BODY_TOO_LARGE' }),
    );
    expect(() => agentFiles({ files: [{ path: 'a.yaml', content: '' }], deletions: ['A.yaml'] }, TARGET)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', where: expect.objectContaining({ field: 'deletions.0' }) }),
    );
  });
});

const object = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: staging-shop
data:
  colour: blue
`;

describe('parsing', () => {
  test('finds every object with the line of every value', () => {
    const [first, second] = parseManifests([
      file('a.yaml', `${object}---\n${object.replace('settings', 'other')}---\n`),
      file('gone.yaml', null),
    ]);
    expect(first).toMatchObject({ ref: { kind: 'ConfigMap', namespace: 'staging-shop', name: 'settings' }, line: 1 });
    expect(first?.lines['/data/colour']).toBe(7);
    expect(second?.line).toBe(9);
    expect(second?.lines['/metadata/name']).toBe(12);
  });

  test.each([
    ['broken YAML', 'a: [1', 1],
    ['a key twice', `${object}data: {}\n`, 8],
    ['no apiVersion', object.replace('apiVersion: v1\n', ''), 1],
    ['an odd apiVersion', object.replace('v1', '../v1'), 1],
    ['no kind', object.replace('kind: ConfigMap\n', ''), 1],
    ['no name', object.replace('  name: settings\n', ''), 1],
    ['a generated name', object.replace('name: settings', 'generateName: settings-'), 1],
    ['a text', 'just text', 1],
    ['a list', '- a\n- b\n', 1],
    ['an anchor', object.replace('blue', '&a blue'), 7],
    ['an alias', `${object}  other: &a x\n  third: *a\n`, 8],
    ['a tag', object.replace('blue', '!!js/function x'), 7],
    ['a key that is no text', object.replace('colour:', '7:'), 7],
    ['the same object twice', `${object}---\n${object}`, 9],
  ])('refuses %s with file and line', (_what, content, line) => {
    expect(() => parseManifests([file('shop/x.yaml', content)])).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        where: expect.objectContaining({ file: 'shop/x.yaml', line }),
      }),
    );
  });

  test('refuses a List by its kind', () => {
    expect(() =>
      parseManifests([file('x.yaml', 'apiVersion: v1\nkind: List\nmetadata: { name: x }\nitems: []\n')]),
    ).toThrow(expect.objectContaining({ code: 'MANIFEST_KIND_REFUSED' }));
  });
});
