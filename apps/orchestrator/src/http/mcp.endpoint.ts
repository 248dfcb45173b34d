import { PlanwardenError } from '@planwarden/contracts';
import { createHttpHandler, createMcpServer, type HttpHandler } from '@planwarden/mcp-server-kit';
import type { App } from '../app.js';
import { agentOf } from '../identity/agent-token.js';
import { BRIEF_PROMPTS } from '../prompts/brief.prompts.js';
import { instructionsOf } from '../prompts/instructions.js';
import { PERSONA_PROMPTS } from '../prompts/persona.prompts.js';
import { CATALOG_RESOURCES } from '../resources/catalog.resources.js';
import { RunFeed } from '../resources/run.feed.js';
import { RUN_RESOURCES } from '../resources/run.resources.js';
import { RunTasks } from '../tasks/run-tasks.js';
import { TOOLS } from '../tools/index.js';
import type { McpContext } from '../tools/mcp-context.js';
import { VERSION } from '../version.js';

/** Largest MCP message: 50 files of the size a change may have fit. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** The MCP endpoint. Host and Origin were checked before; every call needs an agent token. */
export function mcpEndpoint(app: App): HttpHandler {
  const { services, bell, journal, metrics, log } = app;
  return createHttpHandler({
    server: createMcpServer<McpContext>({
      name: 'planwarden',
      version: VERSION,
      tools: TOOLS,
      prompts: [...PERSONA_PROMPTS, ...BRIEF_PROMPTS],
      resources: [],
      resourceTemplates: [...RUN_RESOURCES, ...CATALOG_RESOURCES],
      feed: new RunFeed(journal),
      tasks: new RunTasks(journal),
      // Asked for every call: an agent that was taken out of planwarden.yaml is out at once.
      contextFor: (auth) => {
        const agent = services.config.agents().find((known) => `agent:${known.id}` === auth?.clientId);
        if (!agent) {
          throw new PlanwardenError('TOKEN_INVALID', 'the agent of this token is not in planwarden.yaml', {
            remedy: 'Ask the operator for a token.',
          });
        }
        const personas = agent.personas.flatMap((name) => services.personas.find((known) => known.name === name) ?? []);
        return { services, bell, metrics, agent, personas };
      },
      instructionsFor: (auth) => {
        const agent = services.config.agents().find((known) => `agent:${known.id}` === auth?.clientId);
        return agent && instructionsOf(agent, services);
      },
      log,
    }),
    guard: () => undefined,
    authenticate: async (request) => {
      const authorization = request.headers.get('authorization') ?? undefined;
      const agent = agentOf(authorization, services.config.agents());
      return { token: '', clientId: `agent:${agent.id}`, scopes: ['mcp'] };
    },
    maxBodyBytes: MAX_BODY_BYTES,
    log,
  });
}
