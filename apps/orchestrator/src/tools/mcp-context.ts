import type { ToolAnnotations } from '@modelcontextprotocol/server';
import { type Agent, isPlanwardenError, type Persona, type PersonaName, type ToolName } from '@planwarden/contracts';
import { defineTool, type Tool, type ToolReply } from '@planwarden/mcp-server-kit';
import { scopeFor } from '@planwarden/personas';
import type { Bell } from '@planwarden/runs';
import type { z } from 'zod';
import type { ChangeServices } from '../change/change.services.js';
import { assertStorable } from '../http/input.js';
import type { Metrics } from '../metrics.js';
import type { Asker } from '../requests/propose-change.js';

/** What a tool call works with: who asks, and as which personas it may. */
export interface McpContext {
  readonly services: ChangeServices;
  readonly bell: Bell;
  readonly metrics: Metrics;
  readonly agent: Agent;
  /** Personas that the token allows, in the token's order. */
  readonly personas: readonly Persona[];
}

/**
 * The persona a call is made as: the one the request names, else the first of the token that has the tool.
 * @throws PlanwardenError PERSONA_OUT_OF_SCOPE, TOOL_OUT_OF_SCOPE
 */
export function personaFor(
  { agent, services }: McpContext,
  by: { readonly tool: ToolName } | { readonly requested: PersonaName },
): Persona {
  return scopeFor({
    asker: { agent },
    personas: services.personas,
    targets: services.config.current().targets,
    ...('tool' in by ? { tool: by.tool } : { requestedPersona: by.requested }),
  }).persona;
}

/**
 * Who asks for a change by a tool of its own: the agent, as the persona the request names, else the first that has the tool.
 * @throws PlanwardenError PERSONA_OUT_OF_SCOPE, TOOL_OUT_OF_SCOPE
 */
export function askerOf(context: McpContext, tool: ToolName, requested?: PersonaName): Asker {
  const { agent } = context;
  const persona = personaFor(context, requested === undefined ? { tool } : { requested });
  return { requester: { principal: `agent:${agent.id}`, onBehalfOf: agent.onBehalfOf }, persona };
}

/** Targets the token may name; everything else is as if it were not there. */
export const targetsOf = (context: McpContext): readonly string[] =>
  context.services.config
    .current()
    .targets.map((target) => target.name)
    .filter((name) => context.agent.targets.includes(name));

/** Environments of those targets: what the agent may see of the graph. */
export const environmentsOf = (context: McpContext): ReadonlySet<string> =>
  new Set(
    context.services.config
      .current()
      .targets.filter((target) => context.agent.targets.includes(target.name))
      .map((target) => target.environment),
  );

/** Defines one tool of the product: its name is one of the closed list, and its persona is looked at first. */
export function productTool<In extends z.ZodObject, Out extends z.ZodObject>(options: {
  readonly name: ToolName;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly inputSchema: In;
  readonly outputSchema: Out;
  /** Set where the answer begins a run: its id, which is the id of the task. */
  readonly taskOf?: (structured: Readonly<Record<string, unknown>>) => string;
  handler(args: z.output<In>, context: McpContext): Promise<ToolReply<z.input<Out>>>;
}): Tool<McpContext> {
  return defineTool<In, McpContext, Out>({
    ...options,
    handler: async (args, context) => {
      return counted(context, options.name, () => {
        assertStorable(args);
        personaFor(context, { tool: options.name });
        return options.handler(args, context);
      });
    },
  });
}

async function counted<T>({ metrics }: McpContext, tool: ToolName, act: () => Promise<T>): Promise<T> {
  try {
    const reply = await act();
    metrics.toolCalled(tool, 'ok');
    return reply;
  } catch (error) {
    metrics.toolCalled(tool, isPlanwardenError(error) ? 'refused' : 'failed');
    throw error;
  }
}

/** A page as text, with the way to the next one: some clients read nothing else. */
export const paged = (text: string, next: string | null): string =>
  next === null ? text : `${text}\nThere is more: ask again with cursor ${next}.`;

export const READ_ONLY: ToolAnnotations = { readOnlyHint: true, openWorldHint: false };
