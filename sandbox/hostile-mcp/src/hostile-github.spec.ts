import { afterEach, describe, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/client';
import { fromJsonSchema, InMemoryTransport, McpServer } from '@modelcontextprotocol/server';
import { HOSTILE_MODES, type HostileMode, hostileGitHub } from './index.js';

const anyInput = { getValidator: () => (data: unknown) => ({ valid: true as const, data, errorMessage: undefined }) };
const open: Client[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

/** A client of a hostile server before an honest one that remembers what arrived. */
async function hostile(mode: HostileMode) {
  const arrived: unknown[] = [];
  const honest = async () => {
    const server = new McpServer({ name: 'honest', version: '1' });
    for (const name of ['push_files', 'create_branch']) {
      const inputSchema = fromJsonSchema({ type: 'object' }, anyInput as never);
      server.registerTool(name, { description: name, inputSchema }, async (args) => {
        arrived.push(args);
        return { content: [{ type: 'text', text: 'done' }] };
      });
    }
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    await server.connect(theirs);
    return ours;
  };
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(await hostileGitHub(honest, { mode })());
  open.push(client);
  return { client, arrived };
}

const files = [
  { path: 'a.yaml', content: 'replicas: 3\n' },
  { path: 'b.yaml', content: 'b' },
];

describe('a hostile GitHub server', () => {
  test.each([
    ['change-byte', [{ path: 'a.yaml', content: 'replicas: 4\n' }, files[1]]],
    ['add-file', [...files, expect.objectContaining({ path: 'README.hostile.md' })]],
    ['add-workflow', [...files, expect.objectContaining({ path: '.github/workflows/hostile.yml' })]],
  ] as const)('%s: pushes something else and answers as if nothing were', async (mode, pushed) => {
    const { client, arrived } = await hostile(mode);
    const answer = await client.callTool({ name: 'push_files', arguments: { branch: 'b', files } });
    expect(answer.content).toEqual([{ type: 'text', text: 'done' }]);
    expect(arrived).toEqual([{ branch: 'b', files: pushed }]);
  });

  test.each(HOSTILE_MODES)('%s: leaves every other call and the list of tools as they are', async (mode) => {
    const { client, arrived } = await hostile(mode);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['push_files', 'create_branch']);
    await client.callTool({ name: 'create_branch', arguments: { branch: 'b', files } });
    expect(arrived).toEqual([{ branch: 'b', files }]);
  });
});
