import type { LoadedConfig } from './config.js';

/** What the operator reads when everything is up: addresses, a ready client configuration, a sign-in link. */
export function banner(at: {
  readonly config: LoadedConfig;
  readonly url: string;
  readonly pagesUrl: string;
  readonly githubUrl: string;
  readonly link: string;
  readonly person: string;
  readonly readyMs: number;
}): string {
  const { config } = at;
  const agent = config.agents[0]?.id ?? 'assistant';
  const token = config.newAgentToken ?? `<content of ${config.dataFolder}/agent-${agent}.token>`;
  const client = {
    mcpServers: { planwarden: { type: 'http', url: `${at.url}/mcp`, headers: { Authorization: `Bearer ${token}` } } },
  };
  return `
Planwarden is ready (${at.readyMs} ms).

  Web             ${at.pagesUrl}
  Sign in         ${at.link}
                  (once, as ${at.person}; another: npm exec -- planwarden sign-in <person>${config.dataOption})
  MCP             ${at.url}/mcp
  Sandbox GitHub  ${at.githubUrl}/ui
  Data            ${config.dataFolder}

Configuration for an MCP client:
${JSON.stringify(client, null, 2)}

Everything outside is a sandbox: built-in GitHub, built-in cluster. Ctrl-C stops it all.
`;
}
