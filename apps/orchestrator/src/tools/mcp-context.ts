import type { ToolAnnotations } from '@modelcontextprotocol/server';
import { type Agent, type Persona, type PersonaName, PlanwardenError, type ToolName } from '@planwarden/contracts';
import { defineTool, type Tool, type ToolReply } from '@planwarden/mcp-server-kit';
import type { Bell } from '@planwarden/runs';
import type { z } from 'zod';
import type { ChangeServices } from '../change/change.services.js';
import { assertStorable } from '../http/input.js';

/** What a tool call works with: who asks, and as which personas it may. */
export interface McpContext {
  readonly services: ChangeServices;
  readonly bell: Bell;
  readonly agent: Agent;
  /** Personas that the token allows, in the token's order. */
  readonly personas: readonly Persona[];
}

/** The persona a request narrows itself to. @throws PlanwardenError PERSONA_OUT_OF_SCOPE when the token does not allow it */
export function namedPersona(context: McpContext, name: PersonaName): Persona {
  const found = context.personas.find((persona) => persona.name === name);
  if (found) return found;
  throw new PlanwardenError('PERSONA_OUT_OF_SCOPE', `the token does not allow the persona ${name}`, {
    where: { field: 'persona' },
    remedy: `Ask as one of: ${context.personas.map((persona) => persona.name).join(', ')}.`,
  });
}

/** The persona a call is made as: the first of the token that has the tool. */
export function personaFor(context: McpContext, tool: ToolName): Persona {
  const able = context.personas.find((persona) => persona.tools.includes(tool));
  if (able) return able;
  throw new PlanwardenError('TOOL_OUT_OF_SCOPE', `no persona of this token may call ${tool}`, {
    where: { field: 'persona' },
    remedy: 'Use a token whose persona has this tool.',
  });
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
  handler(args: z.output<In>, context: McpContext): Promise<ToolReply<z.input<Out>>>;
}): Tool<McpContext> {
  return defineTool<In, McpContext, Out>({
    ...options,
    handler: async (args, context) => {
      assertStorable(args);
      personaFor(context, options.name);
      return options.handler(args, context);
    },
  });
}

export const READ_ONLY: ToolAnnotations = { readOnlyHint: true, openWorldHint: false };
