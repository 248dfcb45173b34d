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

/** Whether people have to see it: it changes, or is taken into the state or moved in it. */
export const isShown = ({ action, importedAs, movedFrom }: PlannedResource): boolean =>
  action !== 'no-op' || (importedAs ?? movedFrom) !== undefined;

/** The arguments that differ, by name; what only apply will know says so, beside what is known already. */
export function changedValues({ before, after, unknown }: PlannedResource): ChangedValue[] {
  const later = new Set(unknown.map((path) => path.split('.')[0] ?? ''));
  const afterOf = (name: string): string | null => {
    const known = unknown.includes(name) ? null : textOf(after?.[name]);
    if (!later.has(name)) return known;
    return known === null ? '(known after apply)' : `${known} (in part known after apply)`;
  };
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {}), ...later])].sort();
  return names
    .map((name) => ({
      name,
      before: textOf(before?.[name]),
      after: afterOf(name),
    }))
    .filter((value) => value.before !== value.after);
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value, null, 1);
}
