import type { Octokit } from '@octokit/rest';
import { defineTool, type Tool, type ToolOptions, type ToolReply } from '@planwarden/mcp-server-kit';
import type { z } from 'zod';
import { GitHubToolFailure } from './github-api.js';

/** A tool that is handed the opened GitHub. */
export type GitHubTool = Tool<Octokit>;

type GitHubToolOptions<In extends z.ZodObject> = Omit<ToolOptions<In, z.ZodObject, Octokit>, 'outputSchema'>;

/**
 * A tool with the name, schema and answers of the official server. A refusal of GitHub is an `isError` answer in the
 * official wording, so that callers read the status from either server alike.
 */
export function gitHubTool<In extends z.ZodObject>(options: GitHubToolOptions<In>): GitHubTool {
  return defineTool<In, Octokit>({
    ...options,
    async handler(args, octokit) {
      try {
        refuseEmpty(options.inputSchema, args);
        return await options.handler(args, octokit);
      } catch (error) {
        if (error instanceof GitHubToolFailure) return { text: error.message, isError: true };
        throw error;
      }
    },
  });
}

/** The official server takes an empty required string for a missing one. */
function refuseEmpty(schema: z.ZodObject, args: Readonly<Record<string, unknown>>): void {
  for (const [name, field] of Object.entries(schema.shape)) {
    const isOptional = field.safeParse(undefined).success;
    if (!isOptional && args[name] === '') throw new GitHubToolFailure(`missing required parameter: ${name}`);
  }
}

/** An answer as JSON text, the only form in which the official server answers. */
export const jsonText = (value: unknown): ToolReply<never> => ({ text: JSON.stringify(value) });
