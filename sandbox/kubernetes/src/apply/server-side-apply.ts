import { applyConflict, type StatusCause } from '../api/status-error.js';
import { clone, isRecord, type Json, sameJson, withoutNulls } from '../json.js';
import { type KubeObject, kubeTime } from '../objects.js';
import type { Resource } from '../resources.js';
import { type FieldPath, type FieldSet, fieldsOf, itemStep, pathKey, removeAt, valueAt } from './field-set.js';
import { mergeTypeOf } from './list-types.js';
import { type Manager, managersOf, toManagedFields } from './managed-fields.js';

/** A value with another merged over it, lists by their kind. */
function merged(resource: Resource, live: unknown, wanted: unknown, path: readonly string[]): unknown {
  const type = mergeTypeOf(resource, path, Array.isArray(wanted));
  if (Array.isArray(wanted) && Array.isArray(live)) {
    if (type.how === 'set') return [...live, ...wanted.filter((item) => !live.some((other) => sameJson(item, other)))];
    if (type.how !== 'keyed') return wanted;
    const step = (item: unknown): string => itemStep(item, type.keys);
    const named = new Set(wanted.map(step));
    return [
      ...wanted.map((item) =>
        merged(
          resource,
          live.find((other) => step(other) === step(item)),
          item,
          path,
        ),
      ),
      ...live.filter((item) => !named.has(step(item))),
    ];
  }
  if (!isRecord(wanted) || !isRecord(live) || type.how === 'atomic') return wanted;
  const result: Json = { ...live };
  for (const [name, value] of Object.entries(wanted))
    result[name] = merged(resource, live[name], value, [...path, name]);
  return result;
}

/** `.spec.template.spec.containers[name="web"].image`, as conflicts name fields. */
function shown(path: FieldPath): string {
  return path
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`;
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
      const keys = Object.entries(JSON.parse(step.slice(2)) as Json);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force: boolean;
}

/**
 * Server-side apply: the live object with the configuration merged in, what the manager no longer names taken out, and
 * the new owners in managedFields. Defaults and validation are the caller's.
 * @throws StatusError 409 when another manager owns a field this changes and `force` is not set
 */
export function serverSideApply(
  resource: Resource,
  live: KubeObject | undefined,
  configuration: KubeObject,
  options: ApplyOptions,
): KubeObject {
  const wanted = withoutNulls(configuration);
  const fields = fieldsOf(resource, wanted);
  const result = clone(merged(resource, live ?? {}, wanted, [])) as KubeObject;
  const before = managersOf(live);
  const isMine = ({ entry }: Manager): boolean =>
    entry.manager === options.fieldManager && entry.operation === 'Apply' && entry.subresource === undefined;
  const others = before.filter((one) => !isMine(one));
  const contested = (path: FieldPath): boolean => {
    // An item of a list is only a place: what counts is its fields.
    if (path.at(-1)?.startsWith('k:') === true) return false;
    return !sameJson(valueAt(live, path), valueAt(result, path));
  };
  const causes: StatusCause[] = others.flatMap(({ entry, fields: owned }) =>
    [...owned]
      .filter(([key, path]) => fields.has(key) && contested(path))
      .map(([, path]) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with "${entry.manager}"${entry.operation === 'Update' ? ` using ${entry.apiVersion}` : ''}`,
        field: shown(path),
      })),
  );
  if (causes.length > 0 && !options.force) throw applyConflict(causes);
  const kept = others.map(({ entry, fields: owned }) => ({
    entry,
    fields: new Map([...owned].filter(([key, path]) => !(fields.has(key) && contested(path)))),
  }));
  const mine = before.find(isMine);
  prune(result, mine?.fields, fields, kept);
  // Same fields as before: the time stays, so that applying twice changes nothing.
  const same = mine !== undefined && sameJson([...mine.fields.keys()].sort(), [...fields.keys()].sort());
  const entry: Manager['entry'] = {
    manager: options.fieldManager,
    operation: 'Apply',
    apiVersion: wanted.apiVersion,
    time: same ? mine.entry.time : kubeTime(),
    fieldsType: 'FieldsV1',
  };
  const managers = toManagedFields([...kept, { entry, fields }]);
  if (managers.length > 0) result.metadata.managedFields = managers;
  return result;
}

/** Takes out what the manager owned before, names no more, and nobody else owns. */
function prune(result: KubeObject, before: FieldSet | undefined, now: FieldSet, others: readonly Manager[]): void {
  const held = [now, ...others.map(({ fields }) => fields)];
  const isHeld = (path: FieldPath): boolean => {
    const key = pathKey(path);
    return held.some((set) => [...set.keys()].some((owned) => owned === key || owned.startsWith(`${key}\u0000`)));
  };
  const dropped = [...(before?.values() ?? [])].filter((path) => !isHeld(path));
  for (const path of dropped.sort((left, right) => right.length - left.length)) removeAt(result, path);
}
