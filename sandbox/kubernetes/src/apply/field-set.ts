import { isRecord, type Json } from '../json.js';
import type { Resource } from '../resources.js';
import { KEY_DEFAULTS, type MergeType, mergeTypeOf } from './list-types.js';

/** Steps of one path as fieldsV1 writes them: `f:spec`, `k:{"name":"web"}`, `v:"finalizer"`. */
export type FieldPath = readonly string[];
/** A set of paths, by their joined form. */
export type FieldSet = Map<string, FieldPath>;

const JOIN = '\u0000';
export const pathKey = (path: FieldPath): string => path.join(JOIN);
const add = (set: FieldSet, path: FieldPath): void => {
  set.set(pathKey(path), path);
};

/** `k:{...}` of an item of a keyed list. */
export function itemStep(item: unknown, keys: readonly string[]): string {
  const source = isRecord(item) ? item : {};
  const values = [...keys].sort().map((key) => [key, source[key] ?? KEY_DEFAULTS[key]] as const);
  return `k:${JSON.stringify(Object.fromEntries(values.filter(([, value]) => value !== undefined)))}`;
}

export const namesOf = (path: FieldPath): string[] =>
  path.filter((step) => step.startsWith('f:')).map((step) => step.slice(2));

const mergeOf = (resource: Resource, path: FieldPath, value: unknown): MergeType =>
  mergeTypeOf(resource, namesOf(path), Array.isArray(value));

/** What nobody owns: identity and what the server itself writes. */
const UNOWNED = new Set(
  ['name', 'namespace', 'managedFields', 'resourceVersion', 'uid', 'generation', 'creationTimestamp', 'selfLink'].map(
    (field) => pathKey(['f:metadata', `f:${field}`]),
  ),
);

/** The fields an object sets. */
export function fieldsOf(resource: Resource, object: Json): FieldSet {
  const set: FieldSet = new Map();
  const walk = (value: unknown, path: FieldPath): void => {
    if (UNOWNED.has(pathKey(path))) return;
    const type = mergeOf(resource, path, value);
    if (Array.isArray(value) && type.how === 'keyed') {
      for (const item of value) {
        const here = [...path, itemStep(item, type.keys)];
        add(set, here);
        if (isRecord(item)) for (const [name, inner] of Object.entries(item)) walk(inner, [...here, `f:${name}`]);
      }
      if (value.length > 0) return;
    }
    if (Array.isArray(value) && type.how === 'set') {
      for (const item of value) add(set, [...path, `v:${JSON.stringify(item)}`]);
      if (value.length > 0) return;
    }
    if (isRecord(value) && type.how === 'granular' && Object.keys(value).length > 0) {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, `f:${name}`]);
      return;
    }
    add(set, path);
  };
  for (const [name, value] of Object.entries(object))
    if (name !== 'apiVersion' && name !== 'kind') walk(value, [`f:${name}`]);
  for (const key of [...set.keys()]) if (key === 'f:metadata') set.delete(key);
  return set;
}

/** The set as metadata.managedFields writes it. */
export function toFieldsV1(set: FieldSet): Json {
  const root: Json = {};
  for (const path of [...set.values()].sort((left, right) => (pathKey(left) < pathKey(right) ? -1 : 1))) {
    let here = root;
    for (const step of path) {
      const next = isRecord(here[step]) ? here[step] : {};
      here[step] = next;
      here = next;
    }
    // A mark of its own, so that an owned item is told apart from one that only holds owned fields.
    here['.'] = {};
  }
  return pruneDots(root);
}

/** A leaf is `{}`: its mark says nothing more. */
function pruneDots(node: Json): Json {
  const keys = Object.keys(node);
  if (keys.length === 1 && keys[0] === '.') return {};
  return Object.fromEntries(
    Object.entries(node).map(([key, inner]) => [key, key === '.' || !isRecord(inner) ? {} : pruneDots(inner)]),
  );
}

export function fromFieldsV1(fields: Json): FieldSet {
  const set: FieldSet = new Map();
  const walk = (node: Json, path: FieldPath): void => {
    const keys = Object.keys(node);
    if (path.length > 0 && (keys.length === 0 || keys.includes('.'))) add(set, path);
    for (const key of keys) {
      const inner = node[key];
      if (key !== '.' && isRecord(inner)) walk(inner, [...path, key]);
    }
  };
  walk(fields, []);
  return set;
}

const indexOfStep = (items: readonly unknown[], step: string): number => {
  if (step.startsWith('v:')) return items.findIndex((item) => `v:${JSON.stringify(item)}` === step);
  const keys = Object.keys(JSON.parse(step.slice(2)) as Json);
  return items.findIndex((item) => itemStep(item, keys) === step);
};

/** The value at a path, or undefined. */
export function valueAt(object: unknown, path: FieldPath): unknown {
  let here: unknown = object;
  for (const step of path) {
    if (step.startsWith('f:')) here = isRecord(here) ? here[step.slice(2)] : undefined;
    else here = Array.isArray(here) ? here[indexOfStep(here, step)] : undefined;
  }
  return here;
}

/** Takes the value at a path out of the object, with the maps and lists this leaves empty. */
export function removeAt(object: unknown, path: FieldPath): void {
  const [step, ...rest] = path;
  if (step === undefined) return;
  if (step.startsWith('f:')) {
    if (!isRecord(object)) return;
    const name = step.slice(2);
    const inner = object[name];
    if (rest.length > 0) removeAt(inner, rest);
    const emptied = Array.isArray(inner) ? inner.length === 0 : isRecord(inner) && Object.keys(inner).length === 0;
    if (rest.length === 0 || emptied) delete object[name];
    return;
  }
  if (!Array.isArray(object)) return;
  const index = indexOfStep(object, step);
  if (index < 0) return;
  if (rest.length === 0) object.splice(index, 1);
  else removeAt(object[index], rest);
}
