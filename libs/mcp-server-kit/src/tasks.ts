import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  RELATED_TASK_META_KEY,
  type Result,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Log } from '@planwarden/contracts';
import { z } from 'zod';
import { protocolError } from './protocol-error.js';
import type { TaskServer } from './task-server.js';
import type { Tool } from './tool-definition.js';

/** The extension by which clients of 2026-07-28 say that they understand tasks. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
/** Milliseconds between two looks that we suggest. */
const POLL_MS = 1000;

/** Work that goes on after a tool has answered. */
export interface TaskView {
  readonly id: string;
  /** `failed`: the tool's answer is an error. */
  readonly state: 'working' | 'completed' | 'failed' | 'cancelled';
  /** One line for people. */
  readonly message: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** What the tool would have answered had it waited; null while it works, and in lists. */
  readonly result: CallToolResult | null;
}

/** Where tasks are kept. Each method throws a PlanwardenError for a task that this caller does not have. */
export interface TaskSource<Context> {
  get(id: string, context: Context): Promise<TaskView>;
  /** Newest first. @param cursor the `next` of the page before */
  list(
    cursor: string | undefined,
    context: Context,
  ): Promise<{ readonly tasks: readonly TaskView[]; readonly next: string | null }>;
  /** Asks for the end; whether and when it ends shows in its state. */
  cancel(id: string, context: Context): Promise<void>;
  /** The task once it works no longer, or as it is when the signal aborts. */
  ended(id: string, context: Context, signal: AbortSignal): Promise<TaskView>;
}

export interface TaskOptions<Context> {
  readonly source: TaskSource<Context>;
  readonly tools: readonly Tool<Context>[];
  readonly contextOf: (ctx: ServerContext) => Promise<Context>;
  readonly log: Log;
}

const byId = z.looseObject({ taskId: z.string() });
type Handler<Context> = (
  source: TaskSource<Context>,
  id: string,
  context: Context,
  ctx: ServerContext,
) => Promise<Result>;

/** Tasks of the 2025-11-25 era: the client asks for one with its call, and fetches the result of its own. */
export function serveTasks2025<Context>(server: TaskServer, options: TaskOptions<Context>): void {
  server.registerCapabilities({ tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } });
  server.asTask = {
    before: ({ params }) => {
      const name = String(params?.name);
      if (params?.task === undefined || taskOf(options, name)) return;
      throw new ProtocolError(ProtocolErrorCode.MethodNotFound, `${name} cannot be called as a task`);
    },
    after: async ({ params }, result, ctx) => {
      const of = taskOf(options, String(params?.name));
      if (params?.task === undefined || !of) return undefined;
      if (result.isError) throw refusedTask(result);
      const task = await options.source.get(of(structuredOf(result)), await options.contextOf(ctx));
      return { task: wire2025(task) };
    },
  };
  on(server, options, 'tasks/get', async (source, id, context) => wire2025(await source.get(id, context)));
  on(server, options, 'tasks/result', async (source, id, context, ctx) => {
    const { result } = await source.ended(id, context, ctx.mcpReq.signal);
    if (!result) throw new ProtocolError(ProtocolErrorCode.InternalError, 'the task has no result yet');
    return { ...result, _meta: { [RELATED_TASK_META_KEY]: { taskId: id } } };
  });
  on(server, options, 'tasks/cancel', async (source, id, context, ctx) => {
    await source.cancel(id, context);
    return wire2025(await source.ended(id, context, ctx.mcpReq.signal));
  });
  server.setRequestHandler(
    'tasks/list',
    { params: z.looseObject({ cursor: z.string().optional() }) },
    async ({ cursor }, ctx) => {
      const { tasks, next } = await guarded(options, async () =>
        options.source.list(cursor, await options.contextOf(ctx)),
      );
      return { tasks: tasks.map(wire2025), ...(next === null ? {} : { nextCursor: next }) };
    },
  );
}

/** Tasks of 2026-07-28: whoever declares the extension gets one; its result comes with `tasks/get`. */
export function serveTasks2026<Context>(server: TaskServer, options: TaskOptions<Context>): void {
  server.registerCapabilities({ extensions: { [TASKS_EXTENSION]: {} } });
  server.asTask = {
    before: () => undefined,
    after: async ({ params }, result, ctx) => {
      const of = taskOf(options, String(params?.name));
      if (!of || result.isError || !declaresTasks(ctx)) return undefined;
      const task = await options.source.get(of(structuredOf(result)), await options.contextOf(ctx));
      return { resultType: 'task', ...wire2026(task) };
    },
  };
  on(server, options, 'tasks/get', async (source, id, context) => {
    const task = await source.get(id, context);
    const hasResult = task.state !== 'cancelled' && task.result !== null;
    return { ...wire2026(task), ...(hasResult ? { result: { ...task.result, resultType: 'complete' } } : {}) };
  });
  // Our tasks never ask their client for anything, so whatever is sent answers no question that stands.
  on(server, options, 'tasks/update', async (source, id, context) => {
    await source.get(id, context);
    return {};
  });
  on(server, options, 'tasks/cancel', async (source, id, context) => {
    const { state } = await source.get(id, context);
    if (state === 'working') await source.cancel(id, context);
    return {};
  });
}

function on<Context>(
  server: TaskServer,
  options: TaskOptions<Context>,
  method: string,
  handle: Handler<Context>,
): void {
  server.setRequestHandler(method, { params: byId }, async ({ taskId }, ctx) => {
    if (ctx.mcpReq.envelope !== undefined && !declaresTasks(ctx)) throw tasksUndeclared();
    return guarded(options, async () => handle(options.source, taskId, await options.contextOf(ctx), ctx));
  });
}

async function guarded<T>({ log }: { readonly log: Log }, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw protocolError(error, log);
  }
}

const taskOf = <Context>({ tools }: TaskOptions<Context>, name: string) =>
  tools.find((tool) => tool.name === name)?.taskOf;

/** Whether this very request declares the extension: earlier ones do not count. */
function declaresTasks({ mcpReq }: ServerContext): boolean {
  const envelope: Readonly<Record<string, unknown>> = { ...mcpReq.envelope };
  const declared = declaring.safeParse(envelope[CLIENT_CAPABILITIES_META_KEY]);
  return declared.success && declared.data.extensions[TASKS_EXTENSION] !== undefined;
}

const declaring = z.looseObject({ extensions: z.record(z.string(), z.unknown()) });

function structuredOf({ structuredContent }: CallToolResult): Readonly<Record<string, unknown>> {
  return typeof structuredContent === 'object' && structuredContent !== null ? { ...structuredContent } : {};
}

export const tasksUndeclared = (): MissingRequiredClientCapabilityError =>
  new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } });

/** A call that was refused began nothing: there is no task to hand out. */
function refusedTask({ content, structuredContent }: CallToolResult): ProtocolError {
  const [first] = content;
  const words = first?.type === 'text' ? first.text : 'the call was refused';
  return new ProtocolError(ProtocolErrorCode.InvalidParams, words, structuredContent);
}

function wire2025(task: TaskView) {
  return { ...named(task), status: task.state, ttl: null, pollInterval: POLL_MS };
}

/** In this era a tool that answered with an error has completed: only a JSON-RPC error is a failure. */
function wire2026(task: TaskView) {
  return {
    ...named(task),
    status: task.state === 'failed' ? 'completed' : task.state,
    ttlMs: null,
    pollIntervalMs: POLL_MS,
  };
}

const named = ({ id, message, createdAt, updatedAt }: TaskView) => ({
  taskId: id,
  statusMessage: message,
  createdAt,
  lastUpdatedAt: updatedAt,
});
