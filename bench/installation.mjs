// The built product on embedded defaults in a folder of its own, in this process, with an agent connected.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** @param onInfo hears every entry of the log that tells of work: its fields and its message */
export async function installation(onInfo = () => undefined) {
  const { loadConfig, startEmbedded } = await import('../apps/orchestrator/dist/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-bench-'));
  const config = loadConfig({ data: folder }, {});
  const silent = () => undefined;
  const at = await startEmbedded({
    config: { ...config, listen: { ...config.listen, port: 0 } },
    log: { debug: silent, info: onInfo, warn: silent, error: silent },
    onDatabaseGone: silent,
  });
  const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${at.http.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${config.newAgentToken}` } },
    }),
  );
  return {
    at,
    client,
    agentToken: config.newAgentToken,
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })).structuredContent,
    stop: async () => {
      await client.close();
      await at.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The value below which a share of the values lies. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}
