import { canonicalJson, digestOf, type PlannedResource, type TerraformPreview } from '@planwarden/contracts';
import { hclToJson } from './hcl-programs.js';
import type { StackFile } from './stack-runner.js';

type Values = Readonly<Record<string, unknown>>;

/**
 * What the files of a stack say would change between two commits, without terraform: addresses, actions and literal
 * values. What an expression says is unknown, and so is the state: a resource that the base declares counts as standing.
 * @param base files that both readers of HCL accepted, as `head`
 */
export async function previewStack(base: readonly StackFile[], head: readonly StackFile[]): Promise<TerraformPreview> {
  const [before, after] = [await declared(base), await declared(head)];
  const addresses = [...new Set([...before.keys(), ...after.keys()])].sort();
  const resources = addresses.map((address) => previewed(address, before.get(address), after.get(address)));
  const count = (action: PlannedResource['action']): number =>
    resources.filter((one) => one.action === action && one.mode === 'managed').length;
  const preview = {
    kind: 'terraform-preview/1' as const,
    resources,
    summary: {
      create: count('create'),
      update: count('update'),
      delete: count('delete'),
      replace: 0,
      noop: count('no-op'),
    },
  };
  return { ...preview, digest: digestOf(preview) };
}

interface Declared {
  readonly mode: PlannedResource['mode'];
  readonly type: string;
  readonly name: string;
  /** As written, expressions as text. */
  readonly body: Values;
}

/** Said about a resource, not set on it. */
const META = new Set(['count', 'for_each', 'provider', 'depends_on', 'lifecycle', 'dynamic', 'timeouts']);

async function declared(files: readonly StackFile[]): Promise<Map<string, Declared>> {
  const found = new Map<string, Declared>();
  for (const { path, content } of files) {
    if (!path.endsWith('.tf')) continue;
    const json = (await hclToJson('main.tf', content)) as Values;
    for (const [kind, mode] of [
      ['resource', 'managed'],
      ['data', 'data'],
    ] as const) {
      for (const [type, names] of Object.entries(record(json[kind]))) {
        for (const [name, bodies] of Object.entries(record(names))) {
          const body = record(Array.isArray(bodies) ? bodies[0] : bodies);
          found.set(`${mode === 'data' ? 'data.' : ''}${type}.${name}`, { mode, type, name, body });
        }
      }
    }
  }
  return found;
}

function previewed(address: string, before: Declared | undefined, after: Declared | undefined): PlannedResource {
  const { mode, type, name } = (after ?? before) as Declared;
  const unknown: string[] = [];
  const values = (one: Declared | undefined, paths: string[]): Values | null =>
    one === undefined ? null : literals(one, paths);
  return {
    ...{ address, mode, type, name },
    provider: type.split('_')[0] ?? '',
    action: actionOf(mode, before, after),
    before: values(before, []),
    after: values(after, unknown),
    unknown: unknown.sort(),
  };
}

function actionOf(mode: Declared['mode'], before?: Declared, after?: Declared): PlannedResource['action'] {
  if (after === undefined) return mode === 'data' ? 'no-op' : 'delete';
  if (mode === 'data') return 'read';
  if (before === undefined) return 'create';
  return canonicalJson(before.body) === canonicalJson(after.body) ? 'no-op' : 'update';
}

function literals({ body }: Declared, unknown: string[]): Values {
  // Blocks that an expression repeats: how often, and what is in them, only terraform knows.
  for (const name of Object.keys(record(body.dynamic))) unknown.push(name);
  return Object.fromEntries(
    Object.entries(body)
      .filter(([name]) => !META.has(name))
      .flatMap(([name, value]) => {
        const kept = literal(value, [name], unknown);
        return kept === undefined ? [] : [[name, kept]];
      }),
  );
}

/** The value where it is one; undefined, and its path noted, where it is an expression. */
function literal(value: unknown, path: readonly string[], unknown: string[]): unknown {
  if (typeof value === 'string') {
    // `$${` is how a plain `${` is written.
    const plain = value.replaceAll(/([$%])\1\{/g, '');
    if (/[$%]\{/.test(plain)) {
      unknown.push(path.join('.'));
      return undefined;
    }
    return value.replaceAll(/([$%])\1\{/g, '$1{');
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => literal(item, [...path, String(index)], unknown));
    return items.map((item) => (item === undefined ? null : item));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      // A key may be an expression too.
      if (/[$%]\{/.test(key)) {
        unknown.push(path.join('.'));
        return [];
      }
      const kept = literal(inner, [...path, key], unknown);
      return kept === undefined ? [] : [[key, kept]];
    }),
  );
}

const record = (value: unknown): Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {};
