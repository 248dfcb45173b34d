import type { FieldChange, Finding, ObjectRef, PlannedObject } from '@planwarden/contracts';

const ACTION_RISK = { delete: 0, update: 1, create: 2, 'no-op': 3 } as const;
const SEVERITY_RISK = { critical: 0, high: 1, medium: 2, low: 3 } as const;

/** Kinds whose change reaches furthest, first; all others come after them. */
const KIND_RISK = [
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'Namespace',
  'Role',
  'RoleBinding',
  'Secret',
  'NetworkPolicy',
  'Ingress',
  'Service',
  'Application',
];

const sameObject = (a: ObjectRef, b: ObjectRef): boolean =>
  a.group === b.group && a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;

/** The objects of a plan, risky first: what goes away, then what changes under running pods, then what is new. */
export function riskyFirst(objects: readonly PlannedObject[], findings: readonly Finding[]): PlannedObject[] {
  const rank = (object: PlannedObject): readonly number[] => {
    const kind = KIND_RISK.indexOf(object.kind);
    const worst = findings
      .filter((finding) => finding.object !== null && sameObject(finding.object, object))
      .map((finding) => SEVERITY_RISK[finding.severity]);
    return [ACTION_RISK[object.action], Math.min(...worst, 9), kind === -1 ? KIND_RISK.length : kind];
  };
  return objects
    .map((object) => ({ object, rank: rank(object) }))
    .toSorted((a, b) => {
      for (let i = 0; i < a.rank.length; i += 1) {
        const difference = (a.rank[i] ?? 0) - (b.rank[i] ?? 0);
        if (difference !== 0) return difference;
      }
      return nameOf(a.object).localeCompare(nameOf(b.object));
    })
    .map(({ object }) => object);
}

/** Findings, worst first; equal ones keep the order of the file. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => SEVERITY_RISK[a.severity] - SEVERITY_RISK[b.severity]);
}

/** `namespace/name`, or the name alone for an object of the whole cluster. */
export function nameOf(ref: Pick<ObjectRef, 'namespace' | 'name'>): string {
  return ref.namespace === null ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** The id of an object in the graph: the form fixed by contracts/graph.ts. */
export function nodeIdOf(object: Pick<PlannedObject, 'cluster' | 'group' | 'kind' | 'namespace' | 'name'>): string {
  return `k8s:${object.cluster}:${object.group}/${object.kind}:${object.namespace ?? '-'}:${object.name}`;
}

/** A field's change as lines of a diff; a value that is an object or a list takes several lines. */
export function diffLines(change: FieldChange): readonly { readonly sign: '+' | '-'; readonly text: string }[] {
  const lines = (sign: '+' | '-', value: unknown) =>
    valueText(value)
      .split('\n')
      .map((text) => ({ sign, text }));
  const before = change.op === 'add' ? [] : lines('-', change.before);
  const after = change.op === 'remove' ? [] : lines('+', change.after);
  return [...before, ...after];
}

/** A JSON pointer as people write fields: `/spec/containers/0/image` is `spec.containers[0].image`. */
export function fieldName(pointer: string): string {
  const parts = pointer
    .split('/')
    .filter((part) => part !== '')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const name = parts.reduce((all, part) => {
    if (/^\d+$/.test(part)) return `${all}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${all}["${part}"]`;
    return all === '' ? part : `${all}.${part}`;
  }, '');
  return name === '' ? 'whole object' : name;
}

function valueText(value: unknown): string {
  if (value === undefined) return '(not shown)';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
