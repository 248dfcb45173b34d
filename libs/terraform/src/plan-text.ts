import type { PlannedResource, TerraformPlan, TerraformPreview } from '@planwarden/contracts';

const SIGNS: Readonly<Record<PlannedResource['action'], string>> = {
  delete: '-',
  replace: '-/+',
  forget: '.',
  update: '~',
  create: '+',
  read: '<=',
  'no-op': ' ',
};
const ORDER = Object.keys(SIGNS);
/** Values of one resource that are shown, and characters of one value. */
const MAX_VALUES = 40;
const MAX_VALUE = 300;

/**
 * The plan for people, in plain text: what destroys first. Of the unchanged only what is taken into the state or moved in it is
 * shown; the rest is counted. Sensitive values are markers.
 */
export function terraformPlanToText(plan: TerraformPlan | TerraformPreview): string {
  const isPreview = plan.kind === 'terraform-preview/1';
  const { create, update, delete: remove, replace, noop } = plan.summary;
  const resources = [...plan.resources]
    .filter(({ action, importedAs, movedFrom }) => action !== 'no-op' || (importedAs ?? movedFrom) !== undefined)
    .sort((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action) || (a.address < b.address ? -1 : 1));
  return [
    ...(isPreview ? ['A preview made from the files alone, without state and providers: no plan.'] : []),
    `${isPreview ? 'Preview' : 'Plan'}: ${create} to create, ${update} to update, ${replace} to replace, ${remove} to delete, ${noop} unchanged.`,
    ...(isPreview || plan.drift.length === 0
      ? []
      : [`Changed outside of Terraform: ${plan.drift.map(plain).join(', ')}`]),
    ...resources.flatMap((resource) => ['', ...linesOf(resource, isPreview ? '(unknown)' : '(known after apply)')]),
  ].join('\n');
}

function linesOf(resource: PlannedResource, later: string): string[] {
  const { before, after, unknown, importedAs, movedFrom } = resource;
  const unsaid = new Set(unknown.map((path) => path.split('.')[0] ?? ''));
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {}), ...unsaid])].sort();
  const changed = names.flatMap((name) => {
    const known = unknown.includes(name) ? undefined : textOf(after?.[name]);
    // What is known beside one unknown value is shown all the same: it must not hide there.
    const now = !unsaid.has(name) ? known : known === undefined ? later : `${known} ${later.replace('(', '(in part ')}`;
    const old = textOf(before?.[name]);
    if (old === now) return [];
    if (old === undefined) return [`    + ${plain(name)}: ${now}`];
    return [now === undefined ? `    - ${name}: ${old}` : `    ~ ${name}: ${old} -> ${now}`];
  });
  const more = changed.length > MAX_VALUES ? [`    and ${changed.length - MAX_VALUES} more values`] : [];
  return [
    `${SIGNS[resource.action]} ${resource.action} ${plain(resource.address)}`,
    ...(importedAs === undefined ? [] : [`    taken into the state: ${textOf(importedAs)}`]),
    ...(movedFrom === undefined ? [] : [`    moved from ${plain(movedFrom)}`]),
    ...changed.slice(0, MAX_VALUES),
    ...more,
  ];
}

/** Invisible and control characters as escapes: a key or value must not be able to write lines of a plan. */
const plain = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`);

function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  const text = plain(JSON.stringify(value));
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}...` : text;
}
