import { describe, expect, test } from '@jest/globals';
import type { Finding, PlannedObject } from '@planwarden/contracts';
import { diffLines, fieldName, nameOf, nodeIdOf, riskyFirst, worstFirst } from './plan-order.js';

const object = (kind: string, action: PlannedObject['action'], name = 'web'): PlannedObject => ({
  cluster: 'c',
  group: 'apps',
  version: 'v1',
  kind,
  namespace: 'shop',
  name,
  action,
  desiredFrom: 'dry-run',
  liveUid: null,
  liveResourceVersion: null,
  liveDigest: null,
  desiredDigest: null,
  diff: [],
});
const finding = (severity: Finding['severity'], over: Partial<Finding> = {}): Finding => ({
  rule: 'r',
  severity,
  message: 'm',
  remedy: 'x',
  file: null,
  line: null,
  object: null,
  ...over,
});

describe('order of a plan', () => {
  test('what goes away, then what changes, then what is new', () => {
    const shown = riskyFirst(
      [
        object('Deployment', 'no-op'),
        object('Deployment', 'create'),
        object('Deployment', 'update'),
        object('Service', 'delete'),
      ],
      [],
    );
    expect(shown.map((one) => one.action)).toEqual(['delete', 'update', 'create', 'no-op']);
  });

  test('within one action: findings, then kinds that reach far, then names', () => {
    const plain = object('ConfigMap', 'create', 'a');
    const found = object('ConfigMap', 'create', 'z');
    const shown = riskyFirst(
      [plain, object('Namespace', 'create', 'n'), object('ConfigMap', 'create', 'b'), found],
      [finding('low', { object: { group: 'apps', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'z' } })],
    );
    expect(shown.map((one) => one.name)).toEqual(['z', 'n', 'a', 'b']);
  });

  test('findings, worst first', () => {
    expect(worstFirst([finding('low'), finding('critical'), finding('medium')]).map((one) => one.severity)).toEqual([
      'critical',
      'medium',
      'low',
    ]);
  });
});

describe('names and values', () => {
  test('objects', () => {
    expect(nameOf({ namespace: null, name: 'shop' })).toBe('shop');
    expect(nodeIdOf(object('Deployment', 'create'))).toBe('k8s:c:apps/Deployment:shop:web');
    expect(nodeIdOf({ ...object('Namespace', 'create', 'shop'), group: '', namespace: null })).toBe(
      'k8s:c:/Namespace:-:shop',
    );
  });

  test.each([
    ['/spec/template/spec/containers/0/image', 'spec.template.spec.containers[0].image'],
    ['/metadata/labels/app.kubernetes.io~1name', 'metadata.labels["app.kubernetes.io/name"]'],
    ['', 'whole object'],
    ['/', 'whole object'],
  ])('pointer %s', (pointer, name) => expect(fieldName(pointer)).toBe(name));

  test('a diff takes a line a value, several for an object', () => {
    expect(diffLines({ path: '/a', op: 'replace', before: 1, after: 3 })).toEqual([
      { sign: '-', text: '1' },
      { sign: '+', text: '3' },
    ]);
    expect(diffLines({ path: '/a', op: 'add', after: { b: 1 } }).map((line) => line.text)).toEqual([
      '{',
      '  "b": 1',
      '}',
    ]);
    expect(diffLines({ path: '/a', op: 'remove' })).toEqual([{ sign: '-', text: '(not shown)' }]);
  });
});
