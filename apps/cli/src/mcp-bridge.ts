import {
  isInitializeRequest,
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import type { OpenRequests } from './open-requests.js';

const CANNOT = -32603;
/** What the endpoint says where it does not know the session that a request names. */
const SESSION_UNKNOWN = 404;

/**
 * Carries every message between a client's connection and the MCP endpoint, unread but for what the two carriers of
 * messages do differently. Both protocol eras pass: a session of the 2025 era is named by a header, a request of
 * 2026-07-28 is given up by closing it.
 * @param open told what the client asks and what was answered
 * @param say one line for whoever reads the log of this process
 * @returns when the client has gone
 */
export async function bridge(
  client: Transport,
  { url, token }: { readonly url: URL; readonly token: string },
  open: OpenRequests,
  say: (line: string) => void,
): Promise<void> {
  const endpoint = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  // Whoever pipes messages in does not wait for the session that those after the first belong to.
  let begun: Promise<void> = Promise.resolve();
  await new Promise<void>((gone, failed) => {
    client.onclose = () => gone();
    client.onerror = () => say('a message of the client could not be read');
    endpoint.onerror = () => undefined;
    endpoint.onmessage = (message) => {
      if (isJSONRPCResultResponse(message)) noteVersion(endpoint, open, message);
      if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) open.done(message.id);
      void client.send(message).catch(() => gone());
    };
    client.onmessage = (message) => {
      const signal = isJSONRPCRequest(message) ? open.begin(message) : undefined;
      const sent = begun.then(() => forward(message, signal, { endpoint, client, open }));
      if (isInitializeRequest(message)) begun = sent;
    };
    endpoint
      .start()
      .then(() => client.start())
      .catch(failed);
  });
  await endpoint.terminateSession().catch(() => undefined);
  await endpoint.close();
}

interface Between {
  readonly endpoint: StreamableHTTPClientTransport;
  readonly client: Transport;
  readonly open: OpenRequests;
}

/** @param requestSignal of a request: fires when the client gives it up */
async function forward(
  message: JSONRPCMessage,
  requestSignal: AbortSignal | undefined,
  { endpoint, client, open }: Between,
): Promise<void> {
  // In a session the endpoint is told of a cancel; without one, closing the request is how it hears.
  if (
    isJSONRPCNotification(message) &&
    message.method === 'notifications/cancelled' &&
    endpoint.sessionId === undefined
  ) {
    open.giveUp(message.params?.requestId);
    return;
  }
  const id = isJSONRPCRequest(message) ? message.id : undefined;
  const over = (why: string): void => {
    if (id === undefined || !open.done(id)) return;
    void client.send({ jsonrpc: '2.0', id, error: { code: CANNOT, message: why } }).catch(() => undefined);
  };
  try {
    await endpoint.send(message, {
      ...(requestSignal === undefined ? {} : { requestSignal }),
      onRequestStreamEnd: () => over('OUTSIDE_UNAVAILABLE: the installation ended the stream of this request.'),
    });
  } catch (error) {
    over(wordsFor(error));
  }
}

/** A 2025-era session goes on in the version that its first answer names. */
function noteVersion(endpoint: StreamableHTTPClientTransport, open: OpenRequests, message: JSONRPCMessage): void {
  if (!isJSONRPCResultResponse(message) || !open.isInitialize(message.id)) return;
  const { protocolVersion } = message.result;
  if (typeof protocolVersion === 'string') endpoint.setProtocolVersion(protocolVersion);
}

function wordsFor(error: unknown): string {
  if (!(error instanceof SdkHttpError)) {
    return 'OUTSIDE_UNAVAILABLE: the installation does not answer. Start it with npm start.';
  }
  if (error.status === 401) return 'TOKEN_INVALID: the installation knows the agent token no longer.';
  if (error.status === SESSION_UNKNOWN) return 'OUTSIDE_UNAVAILABLE: the session has ended. Connect again.';
  return `OUTSIDE_REFUSED: the installation answered with HTTP ${error.status}.`;
}
