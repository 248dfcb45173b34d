// The agent: the official MCP client package and nothing else.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export async function connectAgent(world) {
  const client = new Client({ name: 'demo-agent', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${world.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${world.agentToken}` } },
    }),
  );
  const call = async (name, args = {}) => {
    const answer = await client.callTool({ name, arguments: args });
    return { isError: answer.isError === true, data: answer.structuredContent ?? {} };
  };
  return {
    call,
    close: () => client.close(),
    /** Polls get_run until the condition holds; the run as last seen. */
    follow: async (run, isThere, onChange = () => undefined) => {
      let last = '';
      for (;;) {
        const { isError, data } = await call('get_run', { run });
        if (isError) throw new Error(`get_run: ${data.code}: ${data.message}`);
        const step = data.run.step ?? '';
        if (step !== last) onChange(data);
        last = step;
        if (isThere(data)) return data;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}
