import { describe, expect, test } from '@jest/globals';
import { canonicalJson, type Subject, subjectSchema } from '@planwarden/contracts';
import fc from 'fast-check';
import { z } from 'zod';
import { actionsWorld, terraformWorld, world } from './confirm-world.spec-kit.js';
import { buildSubject, confirm, subjectDigest } from './index.js';

const request = { run: 'run_1', round: 1, fence: 7 };

/** What is used of a JSON Schema. */
interface Shape {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly additionalProperties?: Shape | boolean;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly string[];
  readonly const?: string;
}
interface Field {
  readonly path: readonly string[];
  readonly shape: Shape;
  readonly isOptional: boolean;
}

/** Every field of the schema, those within optional objects as well; a list or a map is one field. */
function fieldsOf(shape: Shape, path: readonly string[] = []): Field[] {
  return Object.entries(shape.properties ?? {}).flatMap(([key, inner]) => {
    const here = { path: [...path, key], shape: inner, isOptional: !(shape.required ?? []).includes(key) };
    if (inner.properties === undefined) return [here];
    return [...(here.isOptional ? [here] : []), ...fieldsOf(inner, here.path)];
  });
}

/** Anything that the schema takes there. */
function anythingIn(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.anyOf) return fc.oneof(...shape.anyOf.map(anythingIn));
  if (typeof shape.type === 'object') return fc.oneof(...shape.type.map((type) => anythingIn({ ...shape, type })));
  if (shape.enum) return fc.constantFrom(...shape.enum);
  // There is one version: any other text stands for the next.
  if (shape.const !== undefined || shape.type === 'string') return fc.string();
  if (shape.type === 'integer') return fc.integer({ min: 1, max: 99 });
  if (shape.type === 'null') return fc.constant(null);
  if (shape.type === 'array' && shape.items) return fc.array(anythingIn(shape.items), { maxLength: 2 });
  if (shape.properties) {
    return fc.record(Object.fromEntries(Object.entries(shape.properties).map(([key, one]) => [key, anythingIn(one)])));
  }
  if (typeof shape.additionalProperties !== 'object') throw new Error(`no values for ${JSON.stringify(shape)}`);
  // A name that no map can hold has a test of its own below.
  const name = fc.string({ minLength: 1 }).filter((key) => key !== '__proto__');
  return fc.dictionary(name, anythingIn(shape.additionalProperties), { maxKeys: 2 });
}

const FIELDS = fieldsOf(z.toJSONSchema(subjectSchema) as Shape);
type Holder = Record<string, unknown>;

function holderOf(subject: unknown, path: readonly string[]): Holder | undefined {
  return path.slice(0, -1).reduce<unknown>((inner, key) => (inner as Holder | undefined)?.[key], subject) as
    | Holder
    | undefined;
}
const at = (subject: unknown, path: readonly string[]): unknown => holderOf(subject, path)?.[path.at(-1) ?? ''];

/** A subject with one field set to a value, or without it. */
function changed(subject: Subject, path: readonly string[], value: unknown): Subject {
  const copy = structuredClone(subject);
  const holder = holderOf(copy, path);
  if (!holder) throw new Error(`no ${path.join('.')} to change`);
  if (value === undefined) delete holder[path.at(-1) ?? ''];
  else holder[path.at(-1) ?? ''] = value;
  return copy;
}

type Built = ReturnType<typeof buildSubject>;
type World = Pick<ReturnType<typeof world>, 'ports' | 'built'>;
const WORLDS: readonly [string, (built?: Built) => World][] = [
  ['of manifests', (built) => world(built)],
  ['of a stack that a worker plans', (built) => terraformWorld(built)],
  ['of a stack that GitHub Actions plans', (built) => actionsWorld(built)],
];

/** What confirm says where votes, evidence commit and stored digest all go along with the change. */
async function refusalOf(make: (built: Built) => World, subject: Subject): Promise<unknown> {
  const { ports } = make({ subject, json: JSON.stringify(subject), digest: subjectDigest(subject) });
  const outcome = await confirm(ports, request);
  return outcome.kind === 'new-round' ? outcome.field : outcome.kind;
}

test('the subjects changed below have between them every field there is, and each lacks some', async () => {
  const subjects = WORLDS.map(([, make]) => make().built.subject);
  expect(FIELDS.filter(({ path }) => subjects.every((subject) => at(subject, path) === undefined))).toEqual([]);
  const optional = FIELDS.filter(({ isOptional }) => isOptional).map(({ path }) => path);
  for (const path of optional) expect(subjects.some((subject) => at(subject, path) === undefined)).toBe(true);
  for (const [, make] of WORLDS) expect((await confirm(make().ports, request)).kind).toBe('approved');
});

// gate: stored-hashes, one-field-changed
describe.each(WORLDS)(
  'a stored subject %s, with one field changed and everything else going along, is refused by naming it',
  (_, make) => {
    const { subject } = make().built;
    const there = FIELDS.filter(({ path }) => at(subject, path) !== undefined);
    const absent = FIELDS.filter(({ path }) => holderOf(subject, path) && at(subject, path) === undefined);
    const names = (path: readonly string[]) =>
      expect.stringMatching(new RegExp(`^${path.join('\\.')}(\\.|$)`)) as unknown as string;

    test.each(there.map((field) => [field.path.join('.'), field] as const))('%s', async (_name, { path, shape }) => {
      const other = anythingIn(shape).filter((value) => canonicalJson(value) !== canonicalJson(at(subject, path)));
      const property = fc.asyncProperty(other, async (value) => {
        expect(await refusalOf(make, changed(subject, path, value))).toEqual(names(path));
      });
      await fc.assert(property, { numRuns: 15 });
      expect(await refusalOf(make, changed(subject, path, undefined))).toEqual(names(path));
    });

    test('demands.roles with a name that is no key of a map: nobody reads it, so its digest is another', async () => {
      const roles = JSON.parse('{"__proto__":1}') as unknown;
      expect(await refusalOf(make, changed(subject, ['demands', 'roles'], roles))).toBe('digest');
    });

    test.each(absent.map((field) => [field.path.join('.'), field] as const))('%s, added', async (_name, field) => {
      const property = fc.asyncProperty(anythingIn(field.shape), async (value) => {
        expect(await refusalOf(make, changed(subject, field.path, value))).toEqual(names(field.path));
      });
      await fc.assert(property, { numRuns: 15 });
    });

    test('or, where only the text was changed and the digest kept, as another subject', async () => {
      for (const { path, shape } of there) {
        const values = fc
          .sample(anythingIn(shape), 3)
          .filter((one) => canonicalJson(one) !== canonicalJson(at(subject, path)));
        for (const value of values) {
          const { ports, built } = make();
          const json = JSON.stringify(changed(subject, path, value));
          const stored = { ...ports, storedSubject: async () => ({ json, digest: built.digest }) };
          expect(await confirm(stored, request)).toMatchObject({ kind: 'new-round', code: 'SUBJECT_CHANGED' });
        }
      }
    });
  },
);

test('a stored subject with one more key is refused by naming it', async () => {
  const { ports, built } = world();
  const json = JSON.stringify({ ...built.subject, extra: 1 });
  const stored = { ...ports, storedSubject: async () => ({ json, digest: built.digest }) };
  expect(await confirm(stored, request)).toMatchObject({ kind: 'new-round', code: 'SUBJECT_CHANGED', field: 'extra' });
});
