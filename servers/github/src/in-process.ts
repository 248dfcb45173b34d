import { InMemoryTransport } from '@modelcontextprotocol/server';
import type { ServerFactory } from '@planwarden/mcp-server-kit';

/**
 * Connects a server of this process. Each call opens a new connection, so a client that lost one can open another.
 * @returns the client's end of the connection
 */
export function inProcessTransport(server: ServerFactory): () => Promise<InMemoryTransport> {
  return async () => {
    const [client, ours] = InMemoryTransport.createLinkedPair();
    await server({ era: 'legacy' }).connect(ours);
    return client;
  };
}
