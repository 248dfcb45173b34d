import { badRequest, StatusError } from '../api/status-error.js';
import { clone, isRecord, type Json, sameJson } from '../json.js';
import type { Resource } from '../resources.js';
import { mergeTypeOf } from './list-types.js';

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Json = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** Strategic merge patch: lists by their first key, `$patch: delete | replace`; other directives are refused. */
export function strategicMergePatch(resource: Resource, target: unknown, patch: unknown, path: string[] = []): unknown {
  if (Array.isArray(patch)) {
    const type = mergeTypeOf(resource, path, true);
    if (type.how !== 'keyed' || !Array.isArray(target)) return patch.filter((item) => !isRecord(item) || !item.$patch);
    const key = type.keys[0] ?? 'name';
    const result = [...target];
    for (const item of patch) {
      const index = result.findIndex((other) => isRecord(other) && isRecord(item) && other[key] === item[key]);
      if (isRecord(item) && item.$patch === 'delete') {
        if (index >= 0) result.splice(index, 1);
      } else if (index < 0) result.push(item);
      else result[index] = strategicMergePatch(resource, result[index], item, path);
    }
    return result;
  }
  if (!isRecord(patch)) return patch;
  const { $patch, ...fields } = patch;
  const result: Json = isRecord(target) && $patch !== 'replace' ? { ...target } : {};
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith('$setElementOrder/') || name === '$retainKeys') continue;
    if (name.startsWith('$')) throw badRequest(`the sandbox does not know the patch directive ${name}`);
    if (value === null) delete result[name];
    else result[name] = strategicMergePatch(resource, result[name], value, [...path, name]);
  }
  return result;
}

const rejected = (why: string): StatusError =>
  new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`);

const stepsOf = (pointer: unknown): string[] => {
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) throw rejected('a path must start with /');
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
};

function lookUp(target: unknown, steps: readonly string[]): unknown {
  let here: unknown = target;
  for (const step of steps) {
    const next: unknown = Array.isArray(here) ? here[Number(step)] : isRecord(here) ? here[step] : undefined;
    if (next === undefined) throw rejected(`no value at /${steps.join('/')}`);
    here = next;
  }
  return here;
}

function place(target: unknown, steps: readonly string[], op: 'add' | 'replace' | 'remove', value: unknown): void {
  const parent = lookUp(target, steps.slice(0, -1));
  const last = steps.at(-1) ?? '';
  if (op !== 'add') lookUp(target, steps);
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw rejected('an index is out of range');
    parent.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]));
  } else if (isRecord(parent)) {
    if (op === 'remove') delete parent[last];
    else parent[last] = value;
  } else throw rejected('a path leads through a plain value');
}

/** RFC 6902. @throws StatusError 422 when a test fails or a path does not exist */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
  const result = clone(target);
  for (const operation of patch) {
    const { op, path, from, value } = isRecord(operation) ? operation : {};
    const steps = stepsOf(path);
    if (op === 'test') {
      if (!sameJson(lookUp(result, steps), value)) throw rejected('a test of the patch failed');
    } else if (op === 'add' || op === 'replace' || op === 'remove') place(result, steps, op, value);
    else if (op === 'copy' || op === 'move') {
      const source = stepsOf(from);
      const moved = clone(lookUp(result, source));
      if (op === 'move') place(result, source, 'remove', undefined);
      place(result, steps, 'add', moved);
    } else throw rejected('an operation is unknown');
  }
  return result;
}
