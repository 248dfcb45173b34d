import type { Log } from '@planwarden/contracts';
import { redactJson, redactText } from '@planwarden/redaction';
import { pino } from 'pino';

/**
 * The log of a process: one JSON line an entry, to standard error. Whatever is logged is redacted; of an unknown error
 * the message and stack are kept, redacted too, because only the operator reads this. An error with a code is one that
 * is known, ours or the database's: its stack would tell nothing more.
 */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: (fields) => redactJson(withErrors(fields)) },
      hooks: {
        logMethod(input, method) {
          const [fields, message] = input as unknown as [object, string | undefined];
          method.apply(this, [fields, message === undefined ? undefined : redactText(message)] as never);
        },
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

function withErrors(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? told(value) : value]),
  );
}

function told(error: Error): Record<string, unknown> {
  const { name, message, stack } = error;
  return 'code' in error ? { name, message, code: error.code } : { name, message, stack };
}
