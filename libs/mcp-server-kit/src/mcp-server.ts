import {
  type AuthInfo,
  fromJsonSchema,
  type McpRequestContext,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceTemplate,
  type Server,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import { isPlanwardenError, type Log } from '@planwarden/contracts';
import type { z } from 'zod';
import { protocolError } from './protocol-error.js';
import { type ResourceFeed, ResourceUpdates } from './resource-updates.js';
import { TaskServer } from './task-server.js';
import { serveTasks2025, serveTasks2026, type TaskSource } from './tasks.js';
import type { Tool } from './tool-definition.js';

export interface PromptDefinition<Context> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** All fields are strings: MCP prompts take no other arguments. */
  readonly arguments: z.ZodObject;
  /** The text of the one user message. */
  render(args: Readonly<Record<string, unknown>>, context: Context): Promise<string>;
}

export interface ResourceDefinition<Context> {
  readonly name: string;
  readonly uri: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  read(context: Context): Promise<string>;
}

/** Resources of one family, e.g. `planwarden://runs/{id}`. */
export interface ResourceTemplateDefinition<Context> {
  readonly name: string;
  readonly uriTemplate: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
  /** The newest of them, for clients that list. */
  list(context: Context): Promise<readonly { readonly uri: string; readonly name: string }[]>;
  read(variables: Readonly<Record<string, string>>, context: Context): Promise<string>;
}

export interface McpServerOptions<Context> {
  readonly name: string;
  readonly version: string;
  readonly tools: readonly Tool<Context>[];
  readonly prompts: readonly PromptDefinition<Context>[];
  readonly resources: readonly ResourceDefinition<Context>[];
  readonly resourceTemplates?: readonly ResourceTemplateDefinition<Context>[];
  /** Lets clients follow resources; left out, none can be followed. Served over HTTP only. */
  readonly feed?: ResourceFeed<Context>;
  /** Tasks that tools with `taskOf` begin, for clients that declare tasks. */
  readonly tasks?: TaskSource<Context>;
  /** Who asks, for every single call; undefined over stdio. A PlanwardenError becomes the call's error result. */
  readonly contextFor: (auth: AuthInfo | undefined) => Context | Promise<Context>;
  /** What a client is told about this server when it connects; undefined: nothing. */
  readonly instructionsFor?: (auth: AuthInfo | undefined) => string | undefined;
  readonly log: Log;
  /** Settings of the SDK's server that this kit has no words for. */
  readonly sdk?: ServerOptions;
}

/** Makes a server for one request or one session; `createHttpHandler` and `serveStdio` take it. */
export interface ServerFactory {
  (request: McpRequestContext): McpServer;
  readonly updates?: ResourceUpdates | undefined;
  /** What the client of a session follows, by its server. */
  readonly followed?: WeakMap<McpServer, Set<string>> | undefined;
}

type Validator = NonNullable<Parameters<typeof fromJsonSchema>[1]>;
/** Arguments are checked in `Tool.call`, so that a refusal is our structured error and not the SDK's text. */
const unchecked: Validator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

const FAMILIES = ['tools', 'prompts', 'resources'] as const;
type Family = (typeof FAMILIES)[number];

/** What every registration below needs of one server. */
interface Making<Context> {
  readonly server: McpServer;
  readonly options: McpServerOptions<Context>;
  readonly contextOf: (ctx: ServerContext) => Promise<Context>;
}

/** One definition of tools, prompts and resources for both protocol eras. */
export function createMcpServer<Context>(options: McpServerOptions<Context>): ServerFactory {
  const followed = new WeakMap<McpServer, Set<string>>();
  const { feed } = options;
  const make = (request: McpRequestContext): McpServer => {
    const asked = askedOf(request);
    const instructions = asked.family === null ? options.instructionsFor?.(request.authInfo) : undefined;
    const tasks = new TaskServer(
      { name: options.name, version: options.version },
      { ...options.sdk, ...(instructions === undefined ? {} : { instructions }) },
    );
    const server = withServer(new McpServer({ name: options.name, version: options.version }), tasks);
    const making: Making<Context> = {
      server,
      options,
      // In a session every request carries its own token: the one of this request counts.
      contextOf: async (ctx) => options.contextFor(ctx.http?.authInfo ?? request.authInfo),
    };
    const isFollowable = feed !== undefined && request.requestInfo !== undefined;
    declare(making, isFollowable);
    if (asked.family === null || asked.family === 'tools') addTools(making, asked.name);
    if (asked.family === null || asked.family === 'prompts') addPrompts(making);
    if (asked.family === null || asked.family === 'resources') addResources(making);
    if (isFollowable && request.era === 'legacy') addSubscriptions(making, feed, followed);
    const serveTasks = request.era === 'legacy' ? serveTasks2025 : serveTasks2026;
    if (options.tasks) serveTasks(tasks, { ...making, source: options.tasks, tools: options.tools, log: options.log });
    return server;
  };
  return feed === undefined ? make : Object.assign(make, { updates: updatesOf(feed, options), followed });
}

/**
 * What one request of the 2026 era can use of the server that lives for it alone; null: of everything. Its headers are
 * believed because the SDK has compared them with the body before it asks for a server; capabilities do not hang on this.
 */
function askedOf({ era, requestInfo }: McpRequestContext): { readonly family: Family | null; readonly name?: string } {
  const method = era === 'modern' ? requestInfo?.headers.get('mcp-method') : undefined;
  const family = FAMILIES.find((known) => method?.startsWith(`${known}/`));
  if (family === undefined) return { family: null };
  const name = method === 'tools/call' ? requestInfo?.headers.get('mcp-name') : undefined;
  return typeof name === 'string' ? { family, name } : { family };
}

/** The SDK's registrations on a server of ours: they look the server up when they use it. */
function withServer(made: McpServer, server: Server): McpServer {
  const open: { server: Server } = made;
  open.server = server;
  return made;
}

/** Lists of tools and prompts are those of the release: they never change while we run. */
function declare<Context>({ server, options }: Making<Context>, isFollowable: boolean): void {
  const isStill = { listChanged: false };
  const hasResources = options.resources.length + (options.resourceTemplates?.length ?? 0) > 0;
  server.server.registerCapabilities({
    ...(options.tools.length > 0 ? { tools: isStill } : {}),
    ...(options.prompts.length > 0 ? { prompts: isStill } : {}),
    ...(hasResources ? { resources: isFollowable ? { subscribe: true, listChanged: true } : isStill } : {}),
  });
}

/** @param called the one tool that can be called, where that is known; a name of no tool is refused by the SDK among all */
function addTools<Context>({ server, options, contextOf }: Making<Context>, called?: string): void {
  const only = options.tools.filter((tool) => tool.name === called);
  for (const tool of only.length > 0 ? only : options.tools) {
    const registered = server.registerTool(tool.name, registrationOf(tool), (args, ctx) =>
      tool.call(args, () => contextOf(ctx), options.log),
    );
    // Read by clients of the 2025 era; the other era's lists leave it out.
    if (options.tasks && tool.taskOf) registered.execution = { taskSupport: 'optional' };
  }
}

const registrations = new WeakMap<object, Registration>();
type Registration = ReturnType<typeof toRegistration>;

/** What the SDK is told of a tool: the same for every server, so it is made once. */
function registrationOf<Context>(tool: Tool<Context>): Registration {
  const known = registrations.get(tool) ?? toRegistration(tool);
  registrations.set(tool, known);
  return known;
}

function toRegistration<Context>({ title, description, annotations, inputJson, outputJson }: Tool<Context>) {
  const inputSchema = fromJsonSchema(inputJson, unchecked);
  const outputSchema = outputJson && fromJsonSchema(outputJson, unchecked);
  return { title, description, annotations, inputSchema, ...(outputSchema ? { outputSchema } : {}) };
}

function addPrompts<Context>({ server, options, contextOf }: Making<Context>): void {
  for (const prompt of options.prompts) {
    const { name, title, description } = prompt;
    server.registerPrompt(name, { title, description, argsSchema: prompt.arguments }, async (args, ctx) => {
      const text = await told(options.log, {}, async () => prompt.render(args, await contextOf(ctx)));
      return { messages: [{ role: 'user', content: { type: 'text', text } }] };
    });
  }
}

function addResources<Context>({ server, options, contextOf }: Making<Context>): void {
  const { log } = options;
  for (const resource of options.resources) {
    const { name, uri, title, description, mimeType } = resource;
    server.registerResource(name, uri, { title, description, mimeType }, async (at, ctx) => {
      const text = await told(log, { uri }, async () => resource.read(await contextOf(ctx)));
      return { contents: [{ uri: at.href, mimeType, text }] };
    });
  }
  for (const family of options.resourceTemplates ?? []) {
    const { name, uriTemplate, title, description, mimeType } = family;
    const template = new ResourceTemplate(uriTemplate, {
      list: async (ctx) => {
        const found = await told(log, {}, async () => family.list(await contextOf(ctx)));
        return { resources: found.map((one) => ({ ...one, mimeType })) };
      },
    });
    server.registerResource(name, template, { title, description, mimeType }, async (at, given, ctx) => {
      const variables = Object.fromEntries(
        Object.entries(given).map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : value]),
      );
      const text = await told(log, { uri: at.href }, async () => family.read(variables, await contextOf(ctx)));
      return { contents: [{ uri: at.href, mimeType, text }] };
    });
  }
}

/** The 2025 era: a session says what it follows, and hears of it on its own stream (`LegacySessions`). */
function addSubscriptions<Context>(
  { server, options, contextOf }: Making<Context>,
  feed: ResourceFeed<Context>,
  followed: WeakMap<McpServer, Set<string>>,
): void {
  const uris = new Set<string>();
  followed.set(server, uris);
  server.server.setRequestHandler('resources/subscribe', async ({ params: { uri } }, ctx) => {
    const may = await told(options.log, { uri }, async () => feed.mayFollow(uri, await contextOf(ctx)));
    if (!may) throw notFollowable(uri);
    uris.add(uri);
    return {};
  });
  server.server.setRequestHandler('resources/unsubscribe', async ({ params: { uri } }) => {
    uris.delete(uri);
    return {};
  });
}

function updatesOf<Context>(feed: ResourceFeed<Context>, options: McpServerOptions<Context>): ResourceUpdates {
  const mayFollow = async (uri: string, auth: AuthInfo | undefined): Promise<boolean> => {
    try {
      return await feed.mayFollow(uri, await options.contextFor(auth));
    } catch (error) {
      // A token that is known no longer.
      if (isPlanwardenError(error)) return false;
      throw error;
    }
  };
  return new ResourceUpdates({ mayFollow, follow: (onChange) => feed.follow(onChange), log: options.log });
}

const notFollowable = (uri: string): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, 'there is no such resource to follow', { uri });

async function told<T>(log: Log, beside: Readonly<Record<string, unknown>>, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw protocolError(error, log, beside);
  }
}
