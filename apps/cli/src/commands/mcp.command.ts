import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { PlanwardenError } from '@planwarden/contracts';
import { agentToken } from '../agent-token.js';
import { addressOf, notRunning } from '../installation.js';
import { bridge } from '../mcp-bridge.js';

/** As much as the endpoint takes. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/**
 * An MCP server on stdin and stdout for clients that start one: everything goes to the running installation. Returns
 * when the client ends the connection. Nothing but the protocol is written to stdout.
 * @param given.tokenFile file that holds the agent token; else the one agent token of the data folder
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run, CONFIG_INVALID without one token, TOKEN_INVALID
 */
export async function mcp(folder: string, given: { readonly tokenFile: string | undefined }): Promise<void> {
  const { url } = addressOf(folder);
  const token = agentToken(folder, given.tokenFile);
  await assertAccepted(`${url}/mcp`, token, folder);
  const client = new StdioServerTransport(undefined, undefined, { maxBufferSize: MAX_MESSAGE_BYTES });
  await bridge(client, new URL(`${url}/mcp`), token, (line) => process.stderr.write(`planwarden mcp: ${line}\n`));
}

/** A first word before the client's: whether anybody answers, and whether the token is known. */
async function assertAccepted(url: string, token: string, folder: string): Promise<void> {
  let response: Response;
  try {
    // No session and no message: refused for that, but only after the token was looked at.
    response = await fetch(url, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } });
  } catch (cause) {
    throw notRunning(folder, cause);
  }
  await response.body?.cancel();
  if (response.status !== 401) return;
  throw new PlanwardenError('TOKEN_INVALID', 'the installation does not know this agent token', {
    remedy: 'Use the token of an agent that planwarden.yaml lists: --token-file <file>.',
  });
}
