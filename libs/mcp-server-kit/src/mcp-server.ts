import {
  type AuthInfo,
  fromJsonSchema,
  type McpRequestContext,
  McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import type { Log } from '@planwarden/contracts';
import { z } from 'zod';
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
  /** Who asks, for every single call; undefined over stdio. A PlanwardenError becomes the call's error result. */
  readonly contextFor: (auth: AuthInfo | undefined) => Context | Promise<Context>;
  readonly log: Log;
}

/** Makes a server for one request or one session; `createHttpHandler` and `serveStdio` take it. */
export type ServerFactory = (request: McpRequestContext) => McpServer;

type Validator = NonNullable<Parameters<typeof fromJsonSchema>[1]>;
/** Arguments are checked in `Tool.call`, so that a refusal is our structured error and not the SDK's text. */
const unchecked: Validator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

/** One definition of tools, prompts and resources for both protocol eras. */
export function createMcpServer<Context>(options: McpServerOptions<Context>): ServerFactory {
  return (request) => {
    const server = new McpServer({ name: options.name, version: options.version });
    // In a session every request carries its own token: the one of this request counts.
    const context = (auth: AuthInfo | undefined) => options.contextFor(auth ?? request.authInfo);
    for (const tool of options.tools) {
      const { name, title, description, annotations, inputJson, outputJson } = tool;
      const shared = { title, description, annotations, inputSchema: fromJsonSchema(inputJson, unchecked) };
      server.registerTool(
        name,
        outputJson ? { ...shared, outputSchema: fromJsonSchema(outputJson, unchecked) } : shared,
        (args, ctx) => tool.call(args, () => context(ctx.http?.authInfo), options.log),
      );
    }
    for (const prompt of options.prompts) {
      const { name, title, description } = prompt;
      server.registerPrompt(name, { title, description, argsSchema: prompt.arguments }, async (args, ctx) => {
        const text = await prompt.render(args, await context(ctx.http?.authInfo));
        return { messages: [{ role: 'user', content: { type: 'text', text } }] };
      });
    }
    for (const resource of options.resources) {
      const { name, uri, title, description, mimeType } = resource;
      server.registerResource(name, uri, { title, description, mimeType }, async (at, ctx) => {
        const text = await resource.read(await context(ctx.http?.authInfo));
        return { contents: [{ uri: at.href, mimeType, text }] };
      });
    }
    for (const family of options.resourceTemplates ?? []) {
      const { name, uriTemplate, title, description, mimeType } = family;
      const template = new ResourceTemplate(uriTemplate, {
        list: async (ctx) => {
          const found = await family.list(await context(ctx.http?.authInfo));
          return { resources: found.map((one) => ({ ...one, mimeType })) };
        },
      });
      server.registerResource(name, template, { title, description, mimeType }, async (at, given, ctx) => {
        const variables = Object.fromEntries(
          Object.entries(given).map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : value]),
        );
        const text = await family.read(variables, await context(ctx.http?.authInfo));
        return { contents: [{ uri: at.href, mimeType, text }] };
      });
    }
    return server;
  };
}
