import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { type ErrorBody, isPlanwardenError, type Log } from '@planwarden/contracts';
import { errorText, toErrorBody } from './tool-definition.js';

/** Failures of ours or of what we depend on: nothing the caller sent would have helped. */
const OURS: readonly string[] = ['INTERNAL', 'OUTSIDE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'];

/**
 * What a request other than a tool call fails with: our error body as data beside the words. An unknown error tells
 * nothing of itself.
 * @param beside more data, such as the URI that was asked for
 */
export function protocolError(error: unknown, log: Log, beside: Readonly<Record<string, unknown>> = {}): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (!isPlanwardenError(error)) log.error({ err: error }, 'MCP request failed in a way we do not know');
  const body: ErrorBody = toErrorBody(error);
  const code = OURS.includes(body.code) ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, errorText(body), { ...body, ...beside });
}
