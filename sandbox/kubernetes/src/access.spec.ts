import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SandboxKubernetes } from './index.js';
import { at } from './json.js';
import { apply, call, configMap, namespace, start, stopAll } from './sandbox.spec-kit.js';

let sandbox: SandboxKubernetes;
beforeAll(async () => {
  sandbox = await start();
  sandbox.control.apply(namespace('web'));
});
afterAll(stopAll);
const MAPS = '/api/v1/namespaces/web/configmaps';

describe('a token', () => {
  test('is asked for', async () => {
    expect((await fetch(`${sandbox.url}${MAPS}`)).status).toBe(401);
    expect((await call(sandbox, 'GET', MAPS, { user: 'nobody' })).body.reason).toBe('Unauthorized');
    expect((await fetch(`${sandbox.url}/readyz`)).status).toBe(200);
  });

  test('that reads may not write', async () => {
    expect((await call(sandbox, 'GET', MAPS, { user: 'reader' })).code).toBe(200);
    const refused = await call(sandbox, 'POST', MAPS, { user: 'reader', body: configMap('x', {}) });
    expect(refused).toMatchObject({ code: 403, body: { reason: 'Forbidden' } });
    expect(refused.body.message).toContain('User "reader" cannot create resource "configmaps" in API group ""');
  });

  test('that is held to dry runs writes nothing', async () => {
    const query = 'fieldManager=planwarden&force=true';
    const path = `${MAPS}/dry`;
    expect((await apply(sandbox, path, configMap('dry', {}), `${query}&dryRun=All`, 'dry-runner')).code).toBe(201);
    const real = await apply(sandbox, path, configMap('dry', {}), query, 'dry-runner');
    expect(real.code).toBe(403);
    expect(real.body.message).toContain('dryRun=All');
    expect((await call(sandbox, 'GET', path)).code).toBe(404);
  });

  test('of the deployer writes in its namespaces only', async () => {
    const query = 'fieldManager=argocd&force=true';
    expect((await apply(sandbox, `${MAPS}/own`, configMap('own', {}), query, 'argocd')).code).toBe(201);
    const other = '/api/v1/namespaces/kube-system/configmaps/x';
    expect((await apply(sandbox, other, configMap('x', {}), query, 'argocd')).code).toBe(403);
    const space = '/api/v1/namespaces/new';
    expect((await apply(sandbox, space, namespace('new'), query, 'argocd')).code).toBe(201);
  });

  test('without permissions may do nothing', async () => {
    for (const [method, path] of [
      ['GET', MAPS],
      ['GET', `${MAPS}/own`],
      ['DELETE', `${MAPS}/own`],
      ['GET', '/api/v1/namespaces'],
    ] as const)
      expect((await call(sandbox, method, path, { user: 'powerless' })).code).toBe(403);
  });

  test('may ask what it may do', async () => {
    const ask = async (user: string, verb: string): Promise<unknown> => {
      const body = { spec: { resourceAttributes: { verb, resource: 'configmaps', group: '', namespace: 'web' } } };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      return at((await call(sandbox, 'POST', path, { user, body })).body, 'status', 'allowed');
    };
    expect(await ask('reader', 'get')).toBe(true);
    expect(await ask('reader', 'patch')).toBe(false);
    expect(await ask('powerless', 'get')).toBe(false);
  });
});
