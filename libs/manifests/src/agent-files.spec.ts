import { posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
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
    ['PATH_OUTSIDE_TARGET', '.argocd-source.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/.argocd-source-shop.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/.git\u200chub/x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/\u202elmay.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/\u0085x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/\u2028x.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/e\u0301.yaml'],
    ['PATH_OUTSIDE_TARGET', 'shop/\ud800.yaml'],
    ['PATH_OUTSIDE_TARGET', 'git~1/x.yaml'],
    ['PATH_OUTSIDE_TARGET', '%2e%2e/x.yaml'],
    ['PATH_OUTSIDE_TARGET', `${'a/'.repeat(250)}x.yaml`],
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

  test('a path from the root of the repository, as findings name it, is refused and not put below the folder twice', () => {
    const path = 'environments/staging/shop/deployment.yaml';
    expect(() => give(path)).toThrow(
      expect.objectContaining({
        code: 'PATH_OUTSIDE_TARGET',
        message: expect.stringContaining('"environments/staging/environments/staging/shop/deployment.yaml"'),
        where: { field: 'files.0.path', file: path },
      }),
    );
    // What came to lie there once has to be taken away again.
    expect(agentFiles({ files: [], deletions: [path] }, TARGET)[0]?.path).toBe(`environments/staging/${path}`);
    expect(give('environments/production/shop.yaml')[0]?.path).toBe(
      'environments/staging/environments/production/shop.yaml',
    );
    // An own folder of the name of a shallow one is nothing odd.
    const shallow = agentFiles(
      { files: [{ path: 'apps/shop.yaml', content: '' }], deletions: [] },
      { ...TARGET, path: 'apps' },
    );
    expect(shallow[0]?.path).toBe('apps/apps/shop.yaml');
  });

  test('whatever the path, what comes out lies below the folder of the target', () => {
    const parts = fc.array(fc.oneof(fc.constantFrom('..', '.', '', '/', '\\', '.git', 'a', 'x.yaml'), fc.string()));
    fc.assert(
      fc.property(parts, (some) => {
        try {
          const [made] = give(some.join('/'));
          expect(posix.normalize(made?.path ?? '')).toBe(made?.path);
          expect(made?.path).toMatch(/^environments\/staging\/[^/]/);
        } catch (error) {
          expect(error).toMatchObject({ name: 'PlanwardenError', where: { field: 'files.0.path' } });
        }
      }),
      { numRuns: 300 },
    );
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
    ['a plain tag', object.replace('blue', '!!str blue'), 7],
    ['a directive', `%YAML 1.1\n---\n${object}`, 3],
    ['a merge key', object.replace('colour: blue', '<<: { colour: blue }'), 7],
    ['a quoted merge key', object.replace('colour: blue', '"<<": { colour: blue }'), 7],
    ['a key of prototypes', object.replace('colour', '__proto__'), 7],
    ['a word that is also a boolean', object.replace('blue', 'yes'), 7],
    ['a key that is also a boolean', object.replace('colour', 'on'), 7],
    ['an octal number', object.replace('blue', '010'), 7],
    ['a binary number', object.replace('blue', '0b0'), 7],
    ['a number in capitals', object.replace('blue', '0X1F'), 7],
    ['a number with underscores', object.replace('blue', '1_000'), 7],
    ['a question mark that begins a key for others', object.replace('colour: blue', 'colour: {?size: x}'), 7],
    ['a colon at a bracket', object.replace('blue', '[-:]'), 7],
    ['a colon and a bracket apart', object.replace('blue', '{- :}').replace('{- ', '{a '), 7],
    ['a line that goes on behind a backslash', object.replace('blue', '"a\\\n\n    b"'), 7],
    ['an underscore in an exponent', object.replace('blue', '1e1_0'), 7],
    ['a number without end', object.replace('blue', '1e400'), 7],
    ['a line that ends early for others', `${object}  # x\u2028  size: small\n`, 8],
    ['a paragraph that ends early for others', `${object}  # x\u2029  size: small\n`, 8],
    ['a next line of another alphabet', `${object}  # x\u0085  size: small\n`, 8],
    ['a carriage return alone', `${object}  # x\r  size: small\n`, 8],
    ['a control character', `${object}  # \u000b\n`, 8],
    ['words by which Argo CD leaves the file out', `${object}  # +argocd:skip-file-rendering\n`, 8],
    ['a byte order mark inside', `${object}---\n\ufeff${object.replace('settings', 'other')}`, 9],
    ['a key that parts documents for others', `${object}---#x:\n  apiVersion: v1\n`, 8],
    ['a document beside its mark', `${object}--- {}\n`, 8],
    ['a comment beside the mark', `${object}--- # x\n${object.replace('settings', 'other')}`, 8],
    ['an end of a document, after which others stop', `${object}...\n${object.replace('settings', 'other')}`, 8],
    ['an end of the last document', `${object}...`, 8],
    ['a number too large to hold', object.replace('blue', '9007199254740993'), 7],
    ['a kind that is none', object.replace('ConfigMap', '"Config\\nMap"'), 1],
    ['a name with a line break', object.replace('settings', '"a\\nPlan: 0 to create"'), 1],
    ['a name that is a way', object.replace('settings', '../secrets/x'), 1],
    ['a namespace that is a way', object.replace('staging-shop', '../staging-shop'), 1],
    ['what is nested too deeply', `${object}  deep: ${'['.repeat(150)}${']'.repeat(150)}\n`, 8],
    ['too many documents', '---\n'.repeat(501), 501],
    ['the same object twice', `${object}---\n${object}`, 9],
  ])('refuses %s with file and line', (_what, content, line) => {
    expect(() => parseManifests([file('shop/x.yaml', content)])).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        where: expect.objectContaining({ file: 'shop/x.yaml', line }),
      }),
    );
  });

  test('takes texts that every reader parts alike', () => {
    const windows = `\ufeff${object}--- \t\n${object.replace('settings', 'other')}`.replaceAll('\n', '\r\n');
    expect(parseManifests([file('x.yaml', windows)])).toHaveLength(2);
    const [parsed] = parseManifests([
      file('x.yaml', `${object}  lines: |\n    ---#x\n    ...\n  escaped: "\\u2028"\n`),
    ]);
    expect(parsed?.object.data).toEqual({ colour: 'blue', lines: '---#x\n...\n', escaped: '\u2028' });
  });

  test('takes plain words and numbers of one reading', () => {
    const values = {
      a: 'true',
      b: '8080',
      c: '1.5',
      d: '~',
      e: '"yes"',
      f: "'010'",
      g: '1.27.3',
      h: '2026-01-01',
      i: '10:30',
    };
    const text = Object.entries(values).map(([key, value]) => `  ${key}: ${value}\n`);
    const [parsed] = parseManifests([file('x.yaml', object + text.join(''))]);
    expect(parsed?.object.data).toEqual({
      ...{ colour: 'blue', a: true, b: 8080, c: 1.5, d: null, e: 'yes', f: '010' },
      ...{ g: '1.27.3', h: '2026-01-01', i: '10:30' },
    });
  });

  test('finds a key that is there twice among very many', () => {
    const many = Array.from({ length: 15_000 }, (_, index) => `  k${index}: v\n`).join('');
    expect(parseManifests([file('x.yaml', object + many)])).toHaveLength(1);
    expect(() => parseManifests([file('x.yaml', `${object + many}  k7: v\n`)])).toThrow('x.yaml:15008: a key is');
  });

  test('says of Kustomize that it is not supported', () => {
    const text = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: { name: x }\n';
    expect(() => parseManifests([file('x.yaml', text)])).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }));
  });

  test('refuses a List by its kind', () => {
    expect(() => parseManifests([file('x.yaml', 'apiVersion: v1\nkind: List\nmetadata: { name: x }\n')])).toThrow(
      expect.objectContaining({ code: 'MANIFEST_KIND_REFUSED' }),
    );
    expect(() =>
      parseManifests([file('x.yaml', 'apiVersion: v1\nkind: List\nmetadata: { name: x }\nitems: []\n')]),
    ).toThrow(expect.objectContaining({ code: 'MANIFEST_KIND_REFUSED' }));
  });
});
