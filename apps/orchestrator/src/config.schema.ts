import { ASSURANCES, PERSONAS, personSchema, ROLES } from '@planwarden/contracts';
import { z } from 'zod';

/** planwarden.yaml as an operator writes it: unknown keys are refused, defaults are not yet filled. */

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and dashes, at most 63');
const folder = z
  .string()
  .regex(/^[^/\\\s][^\\\s]*[^/\\\s]$|^[^/\\\s]$/, 'a folder of the repository, without a slash at either end')
  .refine(
    (path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'no empty part, "." or ".."',
  );

const everyTarget = {
  name,
  environment: name,
  repository: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, 'owner/name'),
  baseBranch: z.string().min(1).max(200).default('main'),
  path: folder,
  owners: z.array(z.string()).default([]),
  quorum: z.number().int().min(1).max(10).default(1),
  leastAssurance: z.enum(ASSURANCES).default('session'),
  limits: z
    .strictObject({
      openRuns: z.number().int().min(1).max(1000).default(20),
      approvalExpirySeconds: z.number().int().min(60).max(2_592_000).default(86_400),
      verifyTimeoutSeconds: z.number().int().min(1).max(86_400).default(600),
    })
    .prefault({}),
};

const manifestTargetAsWritten = z.strictObject({
  ...everyTarget,
  kind: z.literal('manifests').default('manifests'),
  delivery: z.enum(['gitops', 'direct']).default('gitops'),
  cluster: name,
  argocd: z.strictObject({
    namespace: name.default('argocd'),
    rootApplication: name,
    rootPath: folder,
    project: name,
    repoUrl: z.url(),
    destination: z.strictObject({ server: z.url().default('https://kubernetes.default.svc') }),
    namespaces: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,61}(\*|[a-z0-9])$|^[a-z0-9]$/, 'a namespace; * only at its end'))
      .min(1),
  }),
});

const terraformTargetAsWritten = z.strictObject({
  ...everyTarget,
  kind: z.literal('terraform'),
  delivery: z.literal('apply').default('apply'),
  stack: name,
  terraform: z
    .strictObject({
      binary: z.enum(['terraform', 'tofu']).default('terraform'),
      providers: z
        .array(
          z.strictObject({
            source: z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'namespace/type, such as hashicorp/aws'),
            version: z.string().regex(/^\d+\.\d+\.\d+$/, 'one version, such as 6.34.0'),
          }),
        )
        .default([]),
    })
    .prefault({}),
});

const targetAsWritten = z.preprocess(
  // The kind decides which settings there are; manifests unless it is said.
  (value) =>
    typeof value === 'object' && value !== null && !('kind' in value) ? { kind: 'manifests', ...value } : value,
  z.discriminatedUnion('kind', [
    manifestTargetAsWritten.extend({ kind: z.literal('manifests') }),
    terraformTargetAsWritten,
  ]),
);

export const configAsWritten = z.strictObject({
  mode: z.enum(['sandbox', 'real']),
  /** Everything can be read; nothing is asked for, decided or carried on. */
  readOnly: z.boolean().default(false),
  listen: z
    .strictObject({
      host: z.enum(['127.0.0.1', '::1', 'localhost']).default('127.0.0.1'),
      port: z.number().int().min(0).max(65_535).default(7420),
    })
    .prefault({}),
  graph: z
    .discriminatedUnion('store', [
      z.strictObject({ store: z.literal('postgres') }),
      z.strictObject({
        store: z.literal('neo4j'),
        neo4j: z.strictObject({
          uri: z.string().regex(/^(bolt|neo4j)(\+s)?:\/\/[^/?#@\s]+$/, 'bolt:// or neo4j://, with +s for TLS'),
          user: z.string().min(1).max(100).default('neo4j'),
          database: z.string().min(1).max(63).default('neo4j'),
          passwordFile: z.string().startsWith('/', 'the absolute path of a file'),
        }),
      }),
    ])
    .default({ store: 'postgres' }),
  targets: z.array(targetAsWritten).min(1),
  people: z.array(personSchema.extend({ id: name, roles: z.record(name, z.enum(ROLES)) })).min(1),
  agents: z
    .array(
      z.strictObject({
        id: name,
        onBehalfOf: name,
        personas: z.array(z.enum(PERSONAS)).min(1),
        targets: z.array(name).min(1),
        /** `sha256:` of the token; the token itself is never written here. */
        tokenDigest: z.string().regex(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 hex digits'),
      }),
    )
    .default([]),
});
export type ConfigAsWritten = z.input<typeof configAsWritten>;
export type ConfigParsed = z.output<typeof configAsWritten>;
