import type { FieldChange, ObjectRef } from '@planwarden/contracts';
import { REDACTED, redactJson } from '@planwarden/redaction';

/** All that is shown of a Secret: who it is. Its annotations may repeat the payload (last-applied-configuration). */
const SHOWN_OF_SECRET = /^\/(apiVersion|kind|type|immutable)$|^\/metadata\/(name|namespace|labels)(\/|$)/;
const ENV_VALUE = /^(.*\/env\/\d+)\/value$/;

/**
 * The changes with every secret replaced: a Secret's content, values under telling keys, values of environment entries
 * with a telling name, and secrets inside any text.
 * @param views the object before and after, in which the name of an environment entry is looked up
 */
export function maskedChanges(
  ref: Pick<ObjectRef, 'kind'>,
  changes: readonly FieldChange[],
  views: readonly unknown[],
): FieldChange[] {
  return changes.map((change) => {
    const keys = [change.path.split('/').at(-1) ?? '', ...envNames(change.path, views)];
    const isHidden = ref.kind === 'Secret' && !SHOWN_OF_SECRET.test(change.path);
    const mask = (value: unknown): unknown => (isHidden ? REDACTED : keys.reduce(maskUnder, value));
    return {
      ...change,
      ...('before' in change ? { before: mask(change.before) } : {}),
      ...('after' in change ? { after: mask(change.after) } : {}),
    };
  });
}

function maskUnder(value: unknown, key: string): unknown {
  return redactJson<Record<string, unknown>>({ [key]: value })[key];
}

/** The name beside a changed `value` of an environment entry, before and after. */
function envNames(path: string, views: readonly unknown[]): string[] {
  const entry = ENV_VALUE.exec(path)?.[1];
  if (entry === undefined) return [];
  return views.flatMap((view) => {
    const name = at(view, `${entry}/name`);
    return typeof name === 'string' ? [name] : [];
  });
}

function at(tree: unknown, pointer: string): unknown {
  let found = tree;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined;
  }
  return found;
}
