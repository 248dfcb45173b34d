import { serveStdio as serve } from '@modelcontextprotocol/server/stdio';
import type { Log } from '@planwarden/contracts';
import type { ServerFactory } from './mcp-server.js';

/** Serves both eras on this process's stdin and stdout. Nothing else may write to stdout. */
export function serveStdio(server: ServerFactory, log: Log): { close(): Promise<void> } {
  return serve(server, { onerror: (error) => log.warn({ error: error.name }, 'MCP connection error') });
}
