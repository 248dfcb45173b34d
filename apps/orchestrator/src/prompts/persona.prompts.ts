import { PERSONAS, type PersonaName, PlanwardenError } from '@planwarden/contracts';
import type { PromptDefinition } from '@planwarden/mcp-server-kit';
import { z } from 'zod';
import type { McpContext } from '../tools/mcp-context.js';

/** One prompt a persona: the text of its file, with what the agent was told to do quoted below. */
export const PERSONA_PROMPTS: readonly PromptDefinition<McpContext>[] = PERSONAS.map((name) => ({
  name,
  title: `Work as ${name}`,
  description: `How to work through Planwarden as the ${name} persona.`,
  arguments: z.object({ task: z.string().max(4000).optional().describe('What is to be done.') }),
  render: async (args, context) => {
    const persona = personaOfToken(context, name);
    const task = typeof args.task === 'string' && args.task !== '' ? `\n\nThe task:\n\n${args.task}` : '';
    return `${persona.prompt}${task}`;
  },
}));

function personaOfToken(context: McpContext, name: PersonaName) {
  const persona = context.personas.find((known) => known.name === name);
  if (persona) return persona;
  throw new PlanwardenError('PERSONA_OUT_OF_SCOPE', `the token does not allow the persona ${name}`, {
    where: { field: 'name' },
    remedy: `Use the prompt of: ${context.personas.map((known) => known.name).join(', ')}.`,
  });
}
