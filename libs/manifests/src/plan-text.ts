import type { ManifestPlan, PlannedObject } from '@planwarden/contracts';

const ORDER: Readonly<Record<PlannedObject['action'], number>> = { delete: 0, update: 1, create: 2, 'no-op': 3 };
const SIGN: Readonly<Record<PlannedObject['action'], string>> = { delete: '-', update: '~', create: '+', 'no-op': ' ' };
/** Changed fields shown of one object; the rest is counted. */
const MOST_FIELDS = 40;
const MOST_CHARACTERS = 160;

/** A plan for people, risky first: deletions, updates, creations. Plain text, to be shown inside a fence. */
export function planToText(plan: ManifestPlan): string {
  const { create, update, delete: remove, noop } = plan.summary;
  const objects = [...plan.objects].sort((a, b) => ORDER[a.action] - ORDER[b.action]);
  return [
    `Plan: ${create} to create, ${update} to update, ${remove} to delete, ${noop} unchanged.`,
    ...objects.map(objectText),
    `Digest: ${plan.digest}`,
  ].join('\n\n');
}

function objectText(object: PlannedObject): string {
  const apiVersion = object.group === '' ? object.version : `${object.group}/${object.version}`;
  const place = plain(object.namespace === null ? object.name : `${object.namespace}/${object.name}`);
  const untried = object.action !== 'delete' && object.desiredFrom === 'rendered' ? ' (not dry-run)' : '';
  const head = `${SIGN[object.action]} ${object.action} ${plain(object.kind)} ${place} (${plain(apiVersion)})${untried}`;
  const shown = object.diff.slice(0, MOST_FIELDS).map((change) => {
    const path = plain(change.path);
    if (change.op === 'add') return `    + ${path}: ${valueText(change.after)}`;
    if (change.op === 'remove') return `    - ${path}: ${valueText(change.before)}`;
    return `    ~ ${path}: ${valueText(change.before)} -> ${valueText(change.after)}`;
  });
  const rest = object.diff.length - shown.length;
  return [head, ...shown, ...(rest > 0 ? [`    and ${rest} more fields`] : [])].join('\n');
}

function valueText(value: unknown): string {
  const text = plain(JSON.stringify(value) ?? 'nothing');
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}... (${text.length} characters)` : text;
}

/** Line breaks, control and invisible characters as escapes: a key or value must not be able to write lines of a plan. */
function plain(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
