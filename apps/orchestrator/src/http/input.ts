import { PlanwardenError } from '@planwarden/contracts';
import type { z } from 'zod';

/**
 * Checks outside input against a schema.
 * @param root name put before field paths, e.g. `body`
 * @throws PlanwardenError INPUT_INVALID with every bad field
 */
export function checked<T extends z.ZodType>(schema: T, input: unknown, root = ''): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    const field = [root, ...path].filter((part) => part !== '').join('.');
    return {
      code: 'INPUT_INVALID',
      message: issue.code === 'unrecognized_keys' ? 'unknown field' : issue.message,
      where: { field: field === '' ? 'body' : field },
    };
  });
  const first = details[0];
  throw new PlanwardenError('INPUT_INVALID', `${first?.where.field ?? 'body'}: ${first?.message ?? 'invalid'}`, {
    ...(first ? { where: first.where } : {}),
    remedy: 'Mend the fields named in details and send it again.',
    details,
  });
}
