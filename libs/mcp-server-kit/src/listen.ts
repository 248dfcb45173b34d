import type { AuthInfo, McpHttpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Body } from './http-handler.js';
import type { ResourceUpdates } from './resource-updates.js';
import { TASKS_EXTENSION, tasksUndeclared } from './tasks.js';

/** What is looked at here of a `subscriptions/listen`; the SDK checks the whole of it. */
const listenSchema = z.looseObject({
  id: z.union([z.string(), z.number()]),
  params: z.looseObject({
    _meta: z
      .looseObject({
        'io.modelcontextprotocol/clientCapabilities': z
          .looseObject({ extensions: z.record(z.string(), z.unknown()).optional() })
          .optional(),
      })
      .optional(),
    notifications: z.looseObject({
      resourceSubscriptions: z.array(z.string()).optional(),
      taskIds: z.array(z.string()).optional(),
    }),
  }),
});

/**
 * Serves `subscriptions/listen` of the 2026-07-28 era. Resources that the caller may not see are taken out of what it
 * asks for, so the acknowledgement names only what will be told. Tasks are followed by polling: none is acknowledged.
 */
export async function listen(
  modern: McpHttpHandler,
  updates: ResourceUpdates,
  request: Request,
  body: Body,
  auth: AuthInfo | undefined,
): Promise<Response> {
  const passed = { ...body, ...(auth ? { authInfo: auth } : {}) };
  const asked = listenSchema.safeParse(body.parsedBody);
  if (!asked.success) return modern.fetch(request, passed);
  const { id, params } = asked.data;
  const { resourceSubscriptions: uris, taskIds, ...others } = params.notifications;
  const capabilities = params._meta?.['io.modelcontextprotocol/clientCapabilities'];
  if (taskIds !== undefined && capabilities?.extensions?.[TASKS_EXTENSION] === undefined) {
    const { code, message, data } = tasksUndeclared();
    return Response.json({ jsonrpc: '2.0', id, error: { code, message, data } }, { status: 400 });
  }
  const seen = uris === undefined ? undefined : await visible(updates, uris, auth);
  const notifications = { ...others, ...(seen === undefined ? {} : { resourceSubscriptions: seen }) };
  const parsedBody = { ...asked.data, params: { ...params, notifications } };
  return updates.asAsker(auth, () => modern.fetch(request, { ...passed, parsedBody }));
}

async function visible(
  updates: ResourceUpdates,
  uris: readonly string[],
  auth: AuthInfo | undefined,
): Promise<string[]> {
  const may = await Promise.all(uris.map((uri) => updates.mayFollow(uri, auth)));
  return uris.filter((_uri, at) => may[at]);
}
