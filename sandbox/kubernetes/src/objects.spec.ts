import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { at } from './json.js';
import { apply, call, configMap, deployment, itemsOf, namespace, start, stopAll } from './sandbox.spec-kit.js';

afterAll(stopAll);
const MAPS = '/api/v1/namespaces/default/configmaps';

describe('discovery', () => {
  test('names every group and kind a client asks for', async () => {
    const sandbox = await start();
    expect((await call(sandbox, 'GET', '/version')).body.gitVersion).toMatch(/^v1\./);
    expect((await call(sandbox, 'GET', '/api')).body.versions).toEqual(['v1']);
    const groups = (await call(sandbox, 'GET', '/apis')).body.groups as { name: string }[];
    expect(groups.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['apps', 'argoproj.io', 'networking.k8s.io', 'rbac.authorization.k8s.io', 'batch']),
    );
    const apps = (await call(sandbox, 'GET', '/apis/apps/v1')).body.resources as { name: string }[];
    expect(apps.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['deployments', 'deployments/scale', 'deployments/status', 'replicasets']),
    );
    expect((await call(sandbox, 'GET', '/apis/example.org/v1')).code).toBe(404);
  });
});

describe('objects', () => {
  test('are created, read, listed by label, changed and deleted', async () => {
    const sandbox = await start();
    const created = await call(sandbox, 'POST', MAPS, {
      body: { ...configMap('one', { a: '1' }), metadata: { name: 'one', labels: { team: 'web' } } },
    });
    expect(created.code).toBe(201);
    expect(created.body.metadata).toMatchObject({ namespace: 'default', uid: expect.any(String) });
    await call(sandbox, 'POST', MAPS, { body: configMap('two', {}) });
    expect(itemsOf(await call(sandbox, 'GET', `${MAPS}?labelSelector=team%3Dweb`))).toHaveLength(1);
    expect((await call(sandbox, 'POST', MAPS, { body: configMap('one', {}) })).body.reason).toBe('AlreadyExists');
    const merged = await call(sandbox, 'PATCH', `${MAPS}/one`, {
      body: { data: { b: '2' } },
      type: 'application/merge-patch+json',
    });
    expect(merged.body.data).toEqual({ a: '1', b: '2' });
    const stale = await call(sandbox, 'PUT', `${MAPS}/one`, { body: created.body });
    expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
    expect((await call(sandbox, 'DELETE', `${MAPS}/one`)).code).toBe(200);
    expect((await call(sandbox, 'GET', `${MAPS}/one`)).body).toMatchObject({ reason: 'NotFound', code: 404 });
  });

  test('are listed page by page', async () => {
    const sandbox = await start();
    for (const name of ['a', 'b', 'c'])
      sandbox.control.apply({ ...configMap(name, {}), metadata: { name, namespace: 'default' } });
    const first = await call(sandbox, 'GET', `${MAPS}?limit=2`);
    expect(itemsOf(first).map((item) => at(item, 'metadata', 'name'))).toEqual(['a', 'b']);
    const next = String(at(first.body, 'metadata', 'continue'));
    const second = await call(sandbox, 'GET', `${MAPS}?limit=2&continue=${next}`);
    expect(itemsOf(second).map((item) => at(item, 'metadata', 'name'))).toEqual(['c']);
    expect(at(second.body, 'metadata', 'continue')).toBeUndefined();
    expect(second.body.kind).toBe('ConfigMapList');
    expect(itemsOf(second)[0]).not.toHaveProperty('kind');
  });

  test('are refused with the field when they are invalid', async () => {
    const sandbox = await start();
    const bad = await call(sandbox, 'POST', '/apis/apps/v1/namespaces/default/deployments', {
      body: { ...deployment(1), metadata: { name: 'nginx' }, spec: { replicas: -1 } },
    });
    expect(bad).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
    expect(String(bad.body.message)).toContain('spec.selector');
    const unknown = await apply(
      sandbox,
      '/apis/apps/v1/namespaces/default/deployments/nginx',
      { ...deployment(1, 'nginx:1', 'default'), spec: { ...(deployment(1).spec as object), replica: 1 } },
      'fieldManager=test',
    );
    expect(String(unknown.body.message)).toContain('.spec.replica: field not declared in schema');
  });

  test('of a namespace go when the namespace goes', async () => {
    const sandbox = await start();
    sandbox.control.apply(namespace('web'));
    sandbox.control.apply(deployment(2));
    await sandbox.control.settled();
    expect(sandbox.control.list('v1', 'Pod', 'web')).toHaveLength(2);
    expect((await call(sandbox, 'DELETE', '/api/v1/namespaces/web')).code).toBe(200);
    await sandbox.control.settled();
    expect((await call(sandbox, 'GET', '/api/v1/namespaces/web')).code).toBe(404);
    for (const kind of ['Deployment', 'ReplicaSet']) expect(sandbox.control.list('apps/v1', kind, 'web')).toEqual([]);
    expect(sandbox.control.list('v1', 'Pod', 'web')).toEqual([]);
  });

  test('are told to a watcher as they change', async () => {
    const sandbox = await start();
    const from = at((await call(sandbox, 'GET', MAPS)).body, 'metadata', 'resourceVersion');
    const response = await fetch(`${sandbox.url}${MAPS}?watch=true&resourceVersion=${String(from)}`, {
      headers: { authorization: 'Bearer read-token' },
    });
    await call(sandbox, 'POST', MAPS, { body: configMap('seen', { a: '1' }) });
    await apply(sandbox, `${MAPS}/seen`, configMap('seen', { a: '2' }), 'fieldManager=test&force=true');
    await call(sandbox, 'DELETE', `${MAPS}/seen`);
    const told: string[] = [];
    let rest = '';
    for await (const part of response.body ?? []) {
      rest += Buffer.from(part as Uint8Array).toString('utf8');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) told.push(String(at(JSON.parse(line), 'type')));
      if (told.length === 3) break;
    }
    expect(told).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  test('are there again after a restart, with versions that go on', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'sandbox-kubernetes-'));
    try {
      const first = await start({ dataFolder });
      first.control.apply(namespace('web'));
      first.control.apply(deployment(3));
      await first.control.settled();
      const before = first.control.list('v1', 'Pod', 'web');
      await first.stop();
      const second = await start({ dataFolder });
      await second.control.settled();
      expect(second.control.list('v1', 'Pod', 'web')).toEqual(before);
      const later = second.control.apply(namespace('next'));
      const versions = before.map(({ metadata }) => Number(metadata.resourceVersion));
      expect(Number(later.metadata.resourceVersion)).toBeGreaterThan(Math.max(...versions));
    } finally {
      await rm(dataFolder, { recursive: true, force: true });
    }
  });

  test('cannot be reached during an outage', async () => {
    const sandbox = await start();
    sandbox.control.setOutage(503);
    expect((await call(sandbox, 'GET', MAPS)).code).toBe(503);
    sandbox.control.setOutage(undefined);
    expect((await call(sandbox, 'GET', MAPS)).code).toBe(200);
  });
});
