import { findSpans } from './find-secrets.js';

/** What stands where a secret stood. */
export const REDACTED = '[redacted]';

/** Keys whose value is never shown, whatever it looks like. */
const SECRET_KEY =
  /(?:^|[._-]|[a-z0-9](?=[A-Z]))(?:password|passwd|passphrase|secret|secrets|token|authorization|cookie|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|csrf|otp)$/i;
/** Keys that only name a secret, or say how many tokens something has. */
const PLAIN_KEY = /(?:secretName|existingSecret|automountServiceAccountToken|max_?tokens?|secrets)$/i;
/** Deeper than this no record of ours goes; what lies below is hidden, so that a hostile value cannot exhaust the stack. */
const MAX_DEPTH = 100;

/** The text with every secret replaced by `[redacted]`; everything else stays as it was. */
export function redactText(text: string): string {
  let result = '';
  let at = 0;
  for (const span of findSpans(text)) {
    result += text.slice(at, span.start) + REDACTED;
    at = span.end;
  }
  return result + text.slice(at);
}

/** As `redactText`, with every line where it was: places in the text stay true. */
export function redactLines(text: string): string {
  let result = '';
  let at = 0;
  for (const span of findSpans(text)) {
    const hidden = text.slice(span.start, span.end);
    result += text.slice(at, span.start) + REDACTED + '\n'.repeat(hidden.split('\n').length - 1);
    at = span.end;
  }
  return result + text.slice(at);
}

/**
 * A deep copy of a JSON value without secrets: values under telling keys (password, token, authorization, ...), the
 * payload of Kubernetes Secret objects, and secrets inside any string are replaced by `[redacted]`. Empty values,
 * null and booleans under telling keys stay: that something is missing is no secret.
 */
export function redactJson<T>(value: T): T {
  return copy(value, 0) as T;
}

function copy(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return REDACTED;
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const isSecretObject = 'kind' in value && value.kind === 'Secret';
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    if (isSecretObject && (key === 'data' || key === 'stringData')) return [key, maskAll(item)];
    if (SECRET_KEY.test(key) && !PLAIN_KEY.test(key)) return [key, mask(item, depth + 1)];
    return [key, copy(item, depth + 1)];
  });
  return Object.fromEntries(entries);
}

/** Under a telling key: scalars are hidden; objects (a secretKeyRef, a schema) are looked through instead. */
function mask(value: unknown, depth: number): unknown {
  if (typeof value === 'number') return REDACTED;
  if (typeof value === 'string') return value === '' ? '' : REDACTED;
  if (Array.isArray(value)) return value.map((item) => mask(item, depth + 1));
  return copy(value, depth);
}

function maskAll(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return REDACTED;
  return Object.fromEntries(Object.keys(value).map((key) => [key, REDACTED]));
}
