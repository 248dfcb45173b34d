import type { CallToolResult } from '@modelcontextprotocol/client';
import { type FailureKind, PlanwardenError } from '@planwarden/contracts';
import type { ToolAnswer } from './gateway-types.js';

/** The official GitHub server writes `failed to ...: GET https://...: 404 message []`; ours says the same. */
const UPSTREAM_STATUS = /\b(?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+: ([1-5]\d\d)\b/;
/** Texts of lost connections and time-outs as Go and Node servers write them. */
const LOST =
  /\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|connection (?:refused|reset)|i\/o timeout|deadline exceeded|TLS handshake timeout|unexpected EOF)\b/i;
/** GitHub answers 403 for its rate limits; the text is the only sign that leaves its server. */
const RATE_LIMITED = /\b(?:secondary )?rate limit(?:s|ed)?\b/i;

/** HTTP status found in an error text, or null. */
export function statusOf(text: string): number | null {
  const status = UPSTREAM_STATUS.exec(text)?.[1];
  return status === undefined ? null : Number(status);
}

/** 429, 5xx, rate limits, time-outs and lost connections may pass; everything else is final. */
export function classify(text: string, status: number | null): FailureKind {
  if (status === null) return LOST.test(text) ? 'retryable' : 'final';
  if (status === 429 || status === 408 || status >= 500) return 'retryable';
  return status === 403 && RATE_LIMITED.test(text) ? 'retryable' : 'final';
}

/** The parts of a tool result we use. Images, audio and links are left out: no tool we call answers with them. */
export function toAnswer(result: CallToolResult): ToolAnswer {
  const text: string[] = [];
  const resources: { uri: string; text: string }[] = [];
  for (const block of result.content ?? []) {
    if (block.type === 'text') text.push(block.text);
    if (block.type === 'resource' && 'text' in block.resource && typeof block.resource.text === 'string') {
      resources.push({ uri: block.resource.uri, text: block.resource.text });
    }
  }
  const isError = result.isError === true;
  const joined = text.join('\n');
  const status = isError ? statusOf(joined) : null;
  return {
    text: joined,
    resources,
    structured: result.structuredContent,
    isError,
    status,
    failure: isError ? classify(joined, status) : null,
  };
}

/**
 * The answer, when the tool did not fail.
 * @param doing the work under way, for the message, e.g. `create branch planwarden/run_1`.
 * @throws PlanwardenError MCP_TOOL_FAILED with the failure kind; the outside text is not repeated.
 */
export function requireOk(answer: ToolAnswer, doing: string): ToolAnswer {
  if (!answer.isError) return answer;
  const status = answer.status === null ? '' : ` (HTTP ${answer.status})`;
  throw new PlanwardenError('MCP_TOOL_FAILED', `The tool failed to ${doing}${status}.`, {
    remedy:
      answer.failure === 'retryable'
        ? 'It is tried again by itself; look at the outside service if it stays so.'
        : 'Look at the outside service and its credentials; the journal has the call.',
    failure: answer.failure ?? 'final',
  });
}
