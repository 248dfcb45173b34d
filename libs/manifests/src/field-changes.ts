import type { FieldChange } from '@planwarden/contracts';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const step = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Changed fields of two JSON values, leaf by leaf, as JSON pointers in the order of their paths. */
export function fieldChanges(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const [left, right] = [parts(before), parts(after)];
  // An empty object or list is a value of its own.
  const isTree = (left ?? right) !== undefined && (before === undefined || left) && (after === undefined || right);
  const keys = isTree ? [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])].sort(byKey) : [];
  if (keys.length > 0) {
    return keys.flatMap((key) => fieldChanges(left?.[key], right?.[key], `${path}/${step(key)}`));
  }
  if (before === undefined) return [{ path, op: 'add', after }];
  if (after === undefined) return [{ path, op: 'remove', before }];
  return [{ path, op: 'replace', before, after }];
}

function parts(value: unknown): Record<string, unknown> | undefined {
  if (Array.isArray(value)) return Object.fromEntries(value.map((item, index) => [String(index), item as unknown]));
  return isObject(value) ? value : undefined;
}

/** List positions in their order, names by the alphabet. */
function byKey(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)];
  if (Number.isInteger(left) && Number.isInteger(right)) return left - right;
  return a < b ? -1 : 1;
}
