// list_runs a second through our endpoint, against the bare SDK server that answers the same bytes, in turns.
import { createServer } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { installation } from './installation.mjs';

const CALLS = 200;

export async function run({ say, rounds = 6 }) {
  const world = await installation();
  const result = await world.client.callTool({ name: 'list_runs', arguments: {} });
  const bare = await bareServer(result);
  try {
    const ours = [];
    const theirs = [];
    for (let round = -1; round < rounds; round += 1) {
      const a = await rate(() => world.client.callTool({ name: 'list_runs', arguments: {} }));
      const b = await rate(() => bare.client.callTool({ name: 'list_runs', arguments: {} }));
      if (round < 0) continue;
      ours.push(a);
      theirs.push(b);
      say(`${round + 1}/${rounds}: ours ${a.toFixed(0)}, bare ${b.toFixed(0)} calls a second`);
    }
    const middle = (values) => [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)];
    const [value, peerValue] = [middle(ours), middle(theirs)];
    return [
      {
        name: 'mcp:list_runs',
        value: Math.round(value),
        unit: 'calls/s',
        peer: 'bare SDK server',
        peerValue: Math.round(peerValue),
        ratio: Math.round((value / peerValue) * 100) / 100,
      },
    ];
  } finally {
    await bare.stop();
    await world.stop();
  }
}

async function rate(call) {
  const begun = performance.now();
  for (let at = 0; at < CALLS; at += 1) await call();
  return CALLS / ((performance.now() - begun) / 1000);
}

async function bareServer(result) {
  const handler = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'bare', version: '1.0.0' });
      const inputSchema = fromJsonSchema({ type: 'object', properties: {} });
      server.registerTool('list_runs', { inputSchema }, async () => result);
      return server;
    }),
  );
  const http = createServer((request, response) => void handler(request, response));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const client = new Client({ name: 'bench', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${http.address().port}/mcp`)));
  return {
    client,
    stop: async () => {
      await client.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
