import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { type FailureKind, isPlanwardenError, PlanwardenError } from '@planwarden/contracts';
import { BrokenCircuitError } from 'cockatiel';

/** Turns whatever a call threw into our error, classified once. The outside message is kept as cause only. */
export function toFailure(error: unknown, server: string, tool: string): PlanwardenError {
  if (isPlanwardenError(error)) return error;
  const call = `${server}.${tool}`;
  if (error instanceof BrokenCircuitError) {
    return unavailable(`${call} was not sent: the MCP server ${server} failed several times in a row.`, error);
  }
  if (error instanceof SdkHttpError) return httpFailure(error, call);
  if (error instanceof SdkError) return sdkFailure(error, call);
  if (error instanceof ProtocolError) {
    return new PlanwardenError('MCP_TOOL_FAILED', `The MCP server refused ${call} (JSON-RPC ${error.code}).`, {
      remedy: 'Check that the server has the version that the pinned schemas come from.',
      cause: error,
    });
  }
  if (isConnectionLoss(error)) return unavailable(`The connection of ${call} was lost.`, error);
  return new PlanwardenError('MCP_TOOL_FAILED', `${call} failed in a way we do not know.`, {
    remedy: 'See the log for the cause.',
    cause: error,
  });
}

function httpFailure(error: SdkHttpError, call: string): PlanwardenError {
  const { status } = error;
  if (status === 408 || status === 429 || status >= 500) {
    return unavailable(`The MCP server answered ${call} with HTTP ${status}.`, error);
  }
  return new PlanwardenError('OUTSIDE_REFUSED', `The MCP server answered ${call} with HTTP ${status}.`, {
    remedy: 'Check the address and the credentials of the server.',
    failure: status === 401 || status === 403 ? 'needs_human' : 'final',
    cause: error,
  });
}

const LOST_CODES: readonly SdkErrorCode[] = [
  SdkErrorCode.RequestTimeout,
  SdkErrorCode.ConnectionClosed,
  SdkErrorCode.NotConnected,
  SdkErrorCode.SendFailed,
  SdkErrorCode.ClientHttpFailedToOpenStream,
  SdkErrorCode.EraNegotiationFailed,
];

function sdkFailure(error: SdkError, call: string): PlanwardenError {
  if (error.code === SdkErrorCode.RequestTimeout) return timedOut(call, error);
  if (LOST_CODES.includes(error.code)) return unavailable(`The connection of ${call} was lost.`, error);
  return new PlanwardenError('OUTSIDE_ANSWER_INVALID', `The answer to ${call} is no valid MCP answer.`, {
    remedy: 'Check that the server has the version that the pinned schemas come from.',
    cause: error,
  });
}

/** The call may or may not have taken effect: the engine asks the target (`reconcile`) before it tries again. */
export function timedOut(call: string, cause?: unknown): PlanwardenError {
  return unavailable(`${call} gave no answer before its deadline.`, cause);
}

function unavailable(message: string, cause: unknown): PlanwardenError {
  const failure: FailureKind = 'retryable';
  return new PlanwardenError('OUTSIDE_UNAVAILABLE', message, {
    remedy: 'It is tried again by itself; look at the outside service if it stays so.',
    failure,
    cause,
  });
}

/** Node's socket errors, and what `fetch` wraps around them. */
function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|UND_ERR)/.test(code)) return true;
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  return error.cause !== undefined && isConnectionLoss(error.cause);
}
