import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import { CONTROLLERS } from '../app.module.js';
import { openApiDocument } from './openapi.js';
import { ROUTES } from './routes.js';

/** Nest's own names for its route metadata and numbers for methods. */
const METHODS = ['get', 'post', 'put', 'delete'];

function served(): string[] {
  return CONTROLLERS.flatMap((controller) => {
    const prefix = String(Reflect.getMetadata('path', controller) ?? '').replace(/^\/$/, '');
    const names = Object.getOwnPropertyNames(controller.prototype);
    return names.flatMap((name) => {
      if (name === 'constructor') return [];
      const handler: unknown = Reflect.get(controller.prototype, name);
      if (typeof handler !== 'function') return [];
      const path: unknown = Reflect.getMetadata('path', handler);
      if (path === undefined) return [];
      const method = METHODS[Number(Reflect.getMetadata('method', handler) ?? 0)] ?? 'get';
      const whole = `/${[prefix, String(path)].filter((part) => part !== '' && part !== '/').join('/')}`;
      return [`${method} ${whole.replace(/:(\w+)/g, '{$1}')}`];
    });
  });
}

test('the controllers serve exactly the routes of the OpenAPI document', () => {
  const listed = ROUTES.map((route) => `${route.method} ${route.path}`);
  // The document does not list itself.
  expect(served().sort()).toEqual([...listed, 'get /api/v1/openapi.json'].sort());
});

test('the OpenAPI document names every route, its answer and our error shape', () => {
  const document = openApiDocument() as {
    paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
  };
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
  expect(new Set(ids).size).toBe(ROUTES.length);
  for (const { path, method, status } of ROUTES) {
    expect(Object.keys(document.paths[path]?.[method]?.responses ?? {})).toEqual([String(status), 'default']);
  }
});
