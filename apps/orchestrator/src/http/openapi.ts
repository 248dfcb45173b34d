import { errorBodySchema } from '@planwarden/contracts';
import { z } from 'zod';
import { ROUTES, type RouteDescription } from './routes.js';

type Json = Record<string, unknown>;

const SECURITY: Record<RouteDescription['audience'], Json[]> = {
  session: [{ session: [] }],
  operator: [{ operator: [] }],
  signature: [{ signature: [] }],
  none: [],
};

/** The OpenAPI 3.1 document, made from the route list and the zod schemas that check the same requests. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const route of ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Planwarden',
      version: '1',
      description: 'Requests, runs and votes. Agents use the MCP endpoint /mcp; no agent token opens a route here.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Error: jsonSchema(errorBodySchema, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'planwarden_session' },
        operator: { type: 'http', scheme: 'bearer' },
        signature: { type: 'apiKey', in: 'header', name: 'x-hub-signature-256' },
      },
    },
  };
}

function operation(route: RouteDescription): Json {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...(route.query ?? []).map(({ name, description }) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string' },
    })),
    ...(route.audience === 'session' && route.method !== 'get'
      ? [{ name: 'x-csrf-token', in: 'header', required: true, schema: { type: 'string' } }]
      : []),
  ];
  return {
    operationId: `${route.method}${route.path.replace(/[^a-zA-Z]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`,
    summary: route.summary,
    security: SECURITY[route.audience],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body
      ? {
          requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } },
        }
      : {}),
    responses: {
      [route.status]: {
        description: route.summary,
        ...(route.answer ? { content: { 'application/json': { schema: jsonSchema(route.answer, 'output') } } } : {}),
      },
      default: {
        description: 'What went wrong, where, and what to do next',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
