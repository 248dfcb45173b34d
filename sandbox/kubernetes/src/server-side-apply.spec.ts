import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SandboxKubernetes } from './index.js';
import { at } from './json.js';
import { apply, call, configMap, deployment, namespace, start, stopAll } from './sandbox.spec-kit.js';

let sandbox: SandboxKubernetes;
beforeAll(async () => {
  sandbox = await start();
  sandbox.control.apply(namespace('web'));
});
afterAll(stopAll);

const MAPS = '/api/v1/namespaces/web/configmaps';
const managers = (body: unknown): string[] =>
  (at(body, 'metadata', 'managedFields') as { manager: string; operation: string }[]).map(
    ({ manager, operation }) => `${manager}/${operation}`,
  );

describe('server-side apply', () => {
  test('creates an object and names its manager', async () => {
    const made = await apply(sandbox, `${MAPS}/made`, configMap('made', { a: '1' }), 'fieldManager=argocd');
    expect(made.code).toBe(201);
    expect(managers(made.body)).toEqual(['argocd/Apply']);
  });

  test('takes out what the manager no longer names and changes nothing when repeated', async () => {
    await apply(sandbox, `${MAPS}/kept`, configMap('kept', { a: '1', b: '2' }), 'fieldManager=argocd');
    const less = await apply(sandbox, `${MAPS}/kept`, configMap('kept', { a: '1' }), 'fieldManager=argocd');
    expect(less.body.data).toEqual({ a: '1' });
    const again = await apply(sandbox, `${MAPS}/kept`, configMap('kept', { a: '1' }), 'fieldManager=argocd');
    expect(at(again.body, 'metadata', 'resourceVersion')).toBe(at(less.body, 'metadata', 'resourceVersion'));
  });

  test('refuses a field of another manager, and takes it over with force', async () => {
    await apply(sandbox, `${MAPS}/shared`, configMap('shared', { a: '1' }), 'fieldManager=flux');
    const refused = await apply(sandbox, `${MAPS}/shared`, configMap('shared', { a: '2' }), 'fieldManager=argocd');
    expect(refused).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    expect(refused.body.message).toContain('conflict with "flux": .data.a');
    const forced = await apply(
      sandbox,
      `${MAPS}/shared`,
      configMap('shared', { a: '2' }),
      'fieldManager=argocd&force=true',
    );
    expect(forced.body.data).toEqual({ a: '2' });
    expect(managers(forced.body)).toEqual(['argocd/Apply']);
  });

  test('merges containers by name', async () => {
    const path = '/apis/apps/v1/namespaces/web/deployments/nginx';
    await apply(sandbox, path, deployment(1), 'fieldManager=argocd');
    const sidecar = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'nginx' },
      spec: { template: { spec: { containers: [{ name: 'proxy', image: 'envoy:1' }] } } },
    };
    const both = await apply(sandbox, path, sidecar, 'fieldManager=mesh');
    const containers = at(both.body, 'spec', 'template', 'spec', 'containers') as { name: string }[];
    expect(containers.map(({ name }) => name).sort()).toEqual(['nginx', 'proxy']);
    await call(sandbox, 'DELETE', path);
  });

  test('wants a field manager, and honours a resourceVersion that is given', async () => {
    expect((await apply(sandbox, `${MAPS}/x`, configMap('x', {}), '')).code).toBe(422);
    const stale = { ...configMap('made', { a: '9' }), metadata: { name: 'made', resourceVersion: '1' } };
    expect((await apply(sandbox, `${MAPS}/made`, stale, 'fieldManager=argocd&force=true')).code).toBe(409);
  });
});

describe('a dry run', () => {
  test('answers what would stand, and writes nothing', async () => {
    await sandbox.control.settled();
    const version = async (): Promise<unknown> =>
      at((await call(sandbox, 'GET', MAPS)).body, 'metadata', 'resourceVersion');
    const before = await version();
    const path = '/apis/apps/v1/namespaces/web/deployments/dry';
    const wanted = { ...deployment(3), metadata: { name: 'dry', namespace: 'web' } };
    const created = await apply(sandbox, path, wanted, 'fieldManager=planwarden&dryRun=All&force=true');
    expect(created.code).toBe(201);
    expect(at(created.body, 'spec', 'strategy', 'type')).toBe('RollingUpdate');
    const changed = configMap('made', { a: '5' });
    const updated = await apply(sandbox, `${MAPS}/made`, changed, 'fieldManager=planwarden&dryRun=All&force=true');
    expect(updated.body.data).toEqual({ a: '5' });
    expect((await call(sandbox, 'POST', `${MAPS}?dryRun=All`, { body: configMap('never', {}) })).code).toBe(201);
    expect((await call(sandbox, 'DELETE', `${MAPS}/made?dryRun=All`)).code).toBe(200);
    await sandbox.control.settled();
    expect(await version()).toBe(before);
    expect((await call(sandbox, 'GET', path)).code).toBe(404);
    expect((await call(sandbox, 'GET', `${MAPS}/made`)).body.data).toEqual({ a: '1' });
  });

  test('is refused where a real write would be', async () => {
    const lost = '/api/v1/namespaces/nowhere/configmaps/x';
    expect((await apply(sandbox, lost, configMap('x', {}), 'fieldManager=p&dryRun=All')).code).toBe(404);
    expect((await apply(sandbox, `${MAPS}/x`, configMap('x', {}), 'fieldManager=p&dryRun=Some')).code).toBe(400);
  });
});
