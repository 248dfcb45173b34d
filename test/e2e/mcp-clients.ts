import { randomBytes } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { sha256 } from '@planwarden/contracts';
import type { Json, World } from './world.js';

/** An agent that the first configuration does not have: what planwarden.yaml says of it, and its token. */
export function anotherAgent(id: string, targets: string) {
  const token = `pwa_${randomBytes(32).toString('base64url')}`;
  const yaml = `  - id: ${id}
    onBehalfOf: owner
    personas: [devops, sre]
    targets: [${targets}]
    tokenDigest: ${sha256(token)}
`;
  return { id, token, yaml };
}

const headers = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

export async function modernClient(url: string, token: string): Promise<Client> {
  const client = new Client({ name: 't', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), headers(token)));
  return client;
}

export async function oldClient(url: string, token: string): Promise<{ client: OldClient; transport: OldTransport }> {
  const client = new OldClient({ name: 'old', version: '1' });
  const transport = new OldTransport(new URL(`${url}/mcp`), headers(token));
  // The old SDK's types were not made for exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<OldClient['connect']>[0]);
  return { client, transport };
}

/** A request of the 2026-07-28 era as its bytes: the client package understands no task yet. */
export async function modernRequest(
  world: World,
  token: string,
  method: string,
  params: Json,
  extensions: Json = {},
): Promise<{ status: number; body: Json }> {
  const answer = await fetch(`${world.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof (params.taskId ?? params.name) === 'string'
        ? { 'mcp-name': String(params.taskId ?? params.name) }
        : {}),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': { extensions },
        },
      },
    }),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}

/** Resolves once the condition holds. */
export async function holds(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 30));
}
