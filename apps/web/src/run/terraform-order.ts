import type { PlannedResource } from '@planwarden/contracts';

const RISK: Readonly<Record<PlannedResource['action'], number>> = {
  delete: 0,
  replace: 1,
  forget: 2,
  update: 3,
  create: 4,
  read: 5,
  'no-op': 6,
};

/** Lower comes first. */
export const riskOf = ({ action }: Pick<PlannedResource, 'action'>): number => RISK[action];

/** One argument of a resource whose value changes, as text; null: there is none on that side. */
export interface ChangedValue {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** The arguments that differ, by name; what only apply will know says so. */
export function changedValues({ before, after, unknown }: PlannedResource): ChangedValue[] {
  const later = new Set(unknown.map((path) => path.split('.')[0] ?? ''));
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {}), ...later])].sort();
  return names
    .map((name) => ({
      name,
      before: textOf(before?.[name]),
      after: later.has(name) ? '(known after apply)' : textOf(after?.[name]),
    }))
    .filter((value) => value.before !== value.after);
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value, null, 1);
}
