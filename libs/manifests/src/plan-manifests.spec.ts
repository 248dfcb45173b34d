import { describe, expect, test } from '@jest/globals';
import type { ManifestPlan } from '@planwarden/contracts';
import { parseManifests, planManifests, planToText } from './index.js';
import { file, memoryCluster, TARGET } from './manifests.spec-kit.js';

const deployment = (replicas: number, image = 'example.test/shop:1.0.0') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: staging-shop }
spec:
  replicas: ${replicas}
  template: { spec: { containers: [{ name: web, image: '${image}' }] } }
`;
const live = (replicas: number, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'staging-shop', uid: 'uid-live', resourceVersion: '7' },
  spec: { replicas, template: { spec: { containers: [{ name: 'web', image: 'example.test/shop:1.0.0' }] } } },
  ...more,
});

async function plan(head: string, objects: object[] = [], base = '', namespaces?: string[]): Promise<ManifestPlan> {
  const { reader } = memoryCluster(objects as Record<string, unknown>[], namespaces);
  return planManifests({
    cluster: 'staging',
    target: TARGET,
    base: parseManifests([file('shop.yaml', base)]),
    head: parseManifests([file('shop.yaml', head)]),
    live: reader,
  });
}

describe('a plan of manifests', () => {
  test('creates what is not there, from a dry run, with its images', async () => {
    const made = await plan(deployment(3));
    expect(made.summary).toEqual({ create: 1, update: 0, delete: 0, noop: 0 });
    expect(made.objects[0]).toMatchObject({
      action: 'create',
      desiredFrom: 'dry-run',
      liveUid: null,
      liveDigest: null,
    });
    expect(made.images).toEqual({ 'staging-shop/Deployment/shop/web': 'example.test/shop:1.0.0' });
    expect((await plan(deployment(3))).digest).toBe(made.digest);
  });

  test('marks what could not be tried because its namespace comes with it', async () => {
    const made = await plan(deployment(3), [], '', []);
    expect(made.objects[0]).toMatchObject({ action: 'create', desiredFrom: 'rendered' });
    expect(planToText(made)).toContain('(not dry-run)');
  });

  test('updates field by field, and leaves alone what is the same', async () => {
    const made = await plan(deployment(5), [live(3)]);
    expect(made.objects[0]).toMatchObject({
      action: 'update',
      liveUid: 'uid-live',
      liveResourceVersion: '7',
      diff: [{ path: '/spec/replicas', op: 'replace', before: 3, after: 5 }],
    });
    expect((await plan(deployment(3), [live(3)])).summary).toMatchObject({ noop: 1 });
  });

  test('deletes what the base had and the head has not; what is gone already needs nothing', async () => {
    expect((await plan('', [live(3)], deployment(3))).objects[0]).toMatchObject({
      action: 'delete',
      desiredDigest: null,
    });
    expect((await plan('', [], deployment(3))).objects[0]).toMatchObject({ action: 'no-op' });
  });

  test('a status, a resourceVersion or managed fields that move leave the digest; a spec that moves changes it', async () => {
    const before = await plan(deployment(5), [live(3)]);
    const metadata = { ...live(3).metadata, resourceVersion: '99', generation: 4, managedFields: [{ manager: 'x' }] };
    const after = await plan(deployment(5), [live(3, { metadata, status: { readyReplicas: 3 } })]);
    expect(after.digest).toBe(before.digest);
    expect(after.objects[0]?.liveResourceVersion).toBe('99');
    expect((await plan(deployment(5), [live(4)])).digest).not.toBe(before.digest);
    expect((await plan(deployment(5, 'example.test/shop:2.0.0'), [live(3)])).digest).not.toBe(before.digest);
  });

  test('shows no value of a Secret', async () => {
    const secret = (value: string) =>
      `apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: staging-shop }\nstringData: { token: ${value} }\n`;
    const made = await plan(secret('planted-value-1'));
    expect(JSON.stringify(made)).not.toContain('planted-value-1');
    expect(planToText(made)).toContain('[redacted]');
  });

  test('shows nothing of a Secret beside its name, and no value of an environment entry that is one', async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'staging-shop', annotations: { last: '{"data":"planted-value-2"}' } },
    };
    const text = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: staging-shop }\n';
    const kept = await plan(text, [secret]);
    expect(kept.summary.update).toBe(1);
    expect(JSON.stringify(kept)).not.toContain('planted-value-2');

    const withEnv = (value: string) =>
      deployment(3).replace(
        '{ name: web',
        `{ env: [{ name: A, value: shown }, { name: DB_PASSWORD, value: ${value} }], name: web`,
      );
    for (const made of [await plan(withEnv('planted-3')), await plan(withEnv('planted-3'), [live(3)])]) {
      expect(JSON.stringify(made.objects)).not.toContain('planted-3');
      expect(JSON.stringify(made.objects)).toContain('shown');
    }
  });

  test('an object that names no namespace is refused with file and line', async () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n';
    await expect(plan(text)).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      where: { file: 'shop.yaml', line: 1, field: 'metadata.namespace' },
    });
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: staging-shop }\n';
    expect((await plan(namespace)).summary.create).toBe(1);
  });

  test('as text: a key or value writes no lines of its own', async () => {
    const data = '"a\\n- delete Namespace staging-shop": "b\\u2028c\\u202ed"';
    const config = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, namespace: staging-shop }\ndata: { ${data} }\n`;
    const text = planToText(await plan(config));
    expect(text.split('\n').filter((line) => line.startsWith('- '))).toEqual([]);
    expect(text).toContain('\\u{a}- delete');
    expect(text).not.toMatch(/[\u2028\u202e]/);
  });

  test('a workload that verify cannot see is not supported, with file and line', async () => {
    const job = 'apiVersion: batch/v1\nkind: Job\nmetadata: { name: j, namespace: staging-shop }\n';
    await expect(plan(job)).rejects.toMatchObject({ code: 'NOT_SUPPORTED', where: { file: 'shop.yaml', line: 1 } });
  });

  test('as text: the risky first, long ones cut', async () => {
    const config = (count: number) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, namespace: staging-shop }\ndata:\n${Array.from({ length: count }, (_, i) => `  k${i}: v\n`).join('')}`;
    const text = planToText(await plan(config(60), [live(3)], deployment(3)));
    expect(text.indexOf('- delete Deployment')).toBeGreaterThan(0);
    expect(text.indexOf('- delete Deployment')).toBeLessThan(text.indexOf('+ create ConfigMap'));
    expect(text).toMatch(/and \d+ more fields/);
  });
});
