import { sameJson } from '../json.js';
import { type KubeObject, kubeTime, type ManagedFieldsEntry } from '../objects.js';
import type { Resource } from '../resources.js';
import { type FieldSet, fieldsOf, fromFieldsV1, pathKey, toFieldsV1, valueAt } from './field-set.js';

/** One manager and the fields it owns. */
export interface Manager {
  readonly entry: Omit<ManagedFieldsEntry, 'fieldsV1'>;
  readonly fields: FieldSet;
}

export const managersOf = (object: KubeObject | undefined): Manager[] =>
  (object?.metadata.managedFields ?? []).map(({ fieldsV1, ...entry }) => ({ entry, fields: fromFieldsV1(fieldsV1) }));

/** The managers as metadata.managedFields lists them; one that owns nothing is left out. */
export const toManagedFields = (managers: readonly Manager[]): ManagedFieldsEntry[] =>
  managers
    .filter(({ fields }) => fields.size > 0)
    .map(({ entry, fields }) => ({ ...entry, fieldsV1: toFieldsV1(fields) }));

/**
 * Ownership after a write that is not an apply: what changed belongs to the writer, what is gone to nobody.
 * @param next the object as it will be kept, before this sets its managedFields
 */
export function ownChangedFields(
  resource: Resource,
  live: KubeObject | undefined,
  next: KubeObject,
  manager: string,
  subresource: string | undefined,
): void {
  const now = fieldsOf(resource, next);
  const changed: FieldSet = new Map(
    [...now].filter(([, path]) => live === undefined || !sameJson(valueAt(live, path), valueAt(next, path))),
  );
  const isWriter = ({ entry }: Manager): boolean =>
    entry.manager === manager && entry.operation === 'Update' && entry.subresource === subresource;
  const before = managersOf(live);
  const mine: FieldSet = new Map(before.find(isWriter)?.fields);
  for (const [key, path] of changed) if (isMaintained(path, subresource)) mine.set(key, path);
  const others = before
    .filter((one) => !isWriter(one))
    .map(({ entry, fields }) => ({ entry, fields: new Map([...fields].filter(([key]) => !changed.has(key))) }));
  const writer: Manager = {
    entry: {
      manager,
      operation: 'Update',
      apiVersion: next.apiVersion,
      time: kubeTime(),
      fieldsType: 'FieldsV1',
      ...(subresource === undefined ? {} : { subresource }),
    },
    fields: mine,
  };
  const stillThere = ({ entry, fields }: Manager): Manager => ({
    entry,
    fields: new Map([...fields].filter(([, path]) => valueAt(next, path) !== undefined)),
  });
  const entries = toManagedFields([...others, writer].map(stillThere));
  if (entries.length > 0) next.metadata.managedFields = entries;
  else delete next.metadata.managedFields;
}

/** A write to /status owns status only. */
const isMaintained = (path: readonly string[], subresource: string | undefined): boolean =>
  subresource !== 'status' || pathKey(path.slice(0, 1)) === 'f:status';
