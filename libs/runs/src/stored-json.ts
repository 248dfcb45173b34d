import { PlanwardenError } from '@planwarden/contracts';

/** Most bytes (UTF-16 units, near enough) that one entry may carry: more is an answer that went wrong, not a record. */
export const MAX_DATA_LENGTH = 4 * 1024 * 1024;

/** NUL and lone surrogates, as JSON.stringify writes them: PostgreSQL keeps neither. */
const NOT_STORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/**
 * JSON text that the journal can keep.
 * @throws PlanwardenError OUTPUT_REFUSED where it is too large or no JSON, or holds what PostgreSQL cannot keep
 */
export function storedJson(value: unknown, what: string): string {
  const text = jsonText(value, what);
  if (text.length > MAX_DATA_LENGTH) {
    const limit = `${MAX_DATA_LENGTH / 1024 / 1024} MiB`;
    throw refused(`${what} is larger than ${limit}, the most that one journal entry may hold`);
  }
  if (text.includes('\\u') && NOT_STORABLE.test(text)) {
    throw refused(`${what} holds a NUL character or half a character, which cannot be stored`);
  }
  return text;
}

/**
 * JSON text of a value that came from a step.
 * @throws PlanwardenError OUTPUT_REFUSED for a ring, a BigInt, or lists in lists that go deeper than our stack
 */
export function jsonText(value: unknown, what: string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    throw refused(`${what} cannot be written as JSON`, cause);
  }
}

/** A message that can be stored: NUL and half characters are replaced. */
export function storedText(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\ufffd');
}

const refused = (message: string, cause?: unknown): PlanwardenError =>
  new PlanwardenError('OUTPUT_REFUSED', message, {
    remedy:
      'Look into the log of the orchestrator under this run id; what the step read outside is not what it should be.',
    cause,
  });
