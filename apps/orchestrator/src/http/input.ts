import { PlanwardenError, runIdPattern } from '@planwarden/contracts';
import type { z } from 'zod';

/**
 * Checks outside input against a schema.
 * @param root name put before field paths, e.g. `body`
 * @throws PlanwardenError INPUT_INVALID with every bad field
 */
export function checked<T extends z.ZodType>(schema: T, input: unknown, root = ''): z.output<T> {
  assertStorable(input, root);
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

/** Deeper values than any request needs; readers further on go into each level. */
const MAX_DEPTH = 64;

/**
 * Refuses what the database cannot keep as it was sent, U+0000 and half characters, and what has no bottom.
 * @param root name put before field paths, e.g. `query`
 * @throws PlanwardenError INPUT_INVALID naming the field
 */
export function assertStorable(input: unknown, root = ''): void {
  const open: { readonly value: unknown; readonly path: readonly string[] }[] = [
    { value: input, path: root === '' ? [] : [root] },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (typeof value === 'string' && !isStorable(value)) throw unstorable(path, 'holds U+0000 or half a character');
    if (typeof value !== 'object' || value === null) continue;
    if (path.length > MAX_DEPTH) throw unstorable(path.slice(0, 3), `is deeper than ${MAX_DEPTH} levels`);
    for (const [key, inner] of Object.entries(value)) {
      if (!isStorable(key)) throw unstorable(path, 'has a key that holds U+0000 or half a character');
      open.push({ value: inner, path: [...path, key] });
    }
  }
}

const isStorable = (text: string): boolean => !text.includes('\u0000') && !/\p{Surrogate}/u.test(text);

function unstorable(path: readonly string[], why: string): PlanwardenError {
  const field = path.length === 0 ? 'body' : path.join('.');
  return new PlanwardenError('INPUT_INVALID', `${field} ${why}`, {
    where: { field },
    remedy: 'Mend the field named and send it again.',
  });
}

/** @throws PlanwardenError RUN_UNKNOWN for what cannot be the id of a run */
export function runIdOf(id: string): string {
  if (runIdPattern.test(id)) return id;
  throw new PlanwardenError('RUN_UNKNOWN', 'there is no run with this id', {
    where: { field: 'id' },
    remedy: 'List runs to see the ids there are.',
  });
}
