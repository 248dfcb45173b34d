import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { PlanwardenError } from '@planwarden/contracts';
import { agentToken } from '../agent-token.js';
import { addressOf, notRunning } from '../installation.js';
import { bridge } from '../mcp-bridge.js';
import { OpenRequests } from '../open-requests.js';

/** As much as the endpoint takes. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** How long answers are waited for after the client has said its last word. */
const LAST_ANSWERS_MS = 30_000;

/**
 * An MCP server on stdin and stdout for clients that start one: everything goes to the running installation. Returns
 * when the client has ended the connection and has its answers. Nothing but the protocol is written to stdout.
 * @param given.tokenFile file that holds the agent token; else the one agent token of the data folder
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run, CONFIG_INVALID without one token, TOKEN_INVALID
 */
export async function mcp(folder: string, given: { readonly tokenFile: string | undefined }): Promise<void> {
  const { url } = addressOf(folder);
  const token = agentToken(folder, given.tokenFile);
  await assertAccepted(`${url}/mcp`, token, folder);
  const open = new OpenRequests();
  const input = endingAfter(process.stdin, () => open.answered(LAST_ANSWERS_MS));
  const client = new StdioServerTransport(input, undefined, { maxBufferSize: MAX_MESSAGE_BYTES });
  await bridge(client, { url: new URL(`${url}/mcp`), token }, open, (line) => {
    process.stderr.write(`planwarden mcp: ${line}\n`);
  });
}

/** What a client sends; its end, at which the connection closes, is heard only when `isDone` resolves. */
function endingAfter(input: Readable, isDone: () => Promise<void>): Readable {
  const held = new Transform({
    transform: (chunk, _encoding, next) => next(null, chunk),
    // The last of it is read first: only then it is known what was asked.
    flush: (end) => void setImmediate(() => void isDone().then(() => end(), end)),
  });
  // Broken off, it is destroyed, and whoever reads it hears that.
  void pipeline(input, held).catch(() => undefined);
  return held;
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
