import { ASSURANCES, PERSONAS, personSchema, roleNameSchema } from '@planwarden/contracts';
import { z } from 'zod';

/** planwarden.yaml as an operator writes it: unknown keys are refused, defaults are not yet filled. */

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and dashes, at most 63');
const count = z.number().int().min(1).max(10);
const folder = z
  .string()
  .regex(/^[^/\\\s][^\\\s]*[^/\\\s]$|^[^/\\\s]$/, 'a folder of the repository, without a slash at either end')
  .refine(
    (path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'no empty part, "." or ".."',
  )
  // What lies there decides how changes are judged and applied: no change may touch it.
  .refine((path) => !/^\.(github|planwarden)(\/|$)/i.test(path), 'not below .github or .planwarden');

const argument = z.string().regex(/^[a-z][a-z0-9_]*$/, 'an argument of the provider');
const fileOfThisMachine = z.string().startsWith('/', 'the absolute path of a file');

const everyTarget = {
  name,
  environment: name,
  repository: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/, 'owner/name'),
  baseBranch: z.string().min(1).max(200).default('main'),
  path: folder,
  owners: z.array(z.string()).default([]),
  /** So many votes; or with roles of which so many must be among them. */
  quorum: z
    .union([count, z.strictObject({ votes: count.optional(), roles: z.record(roleNameSchema, count) })], {
      error: 'write a number of votes, or { votes: 2, roles: { security: 1 } }',
    })
    .default(1),
  /** How many votes must be with a passkey; where not given, one in production and none elsewhere. */
  presenceVotes: z.number().int().min(0).max(10).optional(),
  leastAssurance: z.enum(ASSURANCES).default('session'),
  limits: z
    .strictObject({
      openRuns: z.number().int().min(1).max(1000).default(20),
      approvalExpirySeconds: z.number().int().min(60).max(2_592_000).default(86_400),
      verifyTimeoutSeconds: z.number().int().min(1).max(86_400).default(600),
      /** How long a run that awaits approval keeps a stack from those who wait for it: 4 h. */
      holdForSeconds: z.number().int().min(1).max(2_592_000).default(14_400),
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
      /** Who plans and applies: a worker, or the workflows of deploy/github in GitHub Actions. */
      runner: z.enum(['worker', 'actions']).default('worker'),
      workflow: z
        .strictObject({
          startSeconds: z.number().int().min(1).max(86_400).default(600),
          endSeconds: z.number().int().min(1).max(86_400).default(3600),
        })
        .prefault({}),
      providers: z
        .array(
          z.strictObject({
            source: z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'namespace/type, such as hashicorp/aws'),
            version: z.string().regex(/^\d+\.\d+\.\d+$/, 'one version, such as 6.34.0'),
            settings: z.record(argument, z.union([z.string().max(2000), z.number(), z.boolean()])).default({}),
            credentials: z.record(argument, fileOfThisMachine).default({}),
          }),
        )
        .default([]),
      state: z
        .discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('local') }),
          z.strictObject({
            kind: z.literal('kubernetes'),
            namespace: name,
            secretSuffix: name,
            kubeconfigFile: fileOfThisMachine,
          }),
        ])
        .default({ kind: 'local' }),
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

const absolute = z.string().startsWith('/', 'the absolute path of a file');
/** A host and a port, as callers write them. */
const address = z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:\d{1,5}$/, 'host:port in lower case');

const listenAsWritten = z.strictObject({
  /** Absent: 127.0.0.1, behind a container 0.0.0.0. */
  host: z.enum(['127.0.0.1', '::1', 'localhost', '0.0.0.0']).optional(),
  port: z.number().int().min(0).max(65_535).default(7420),
  /** Whoever says this vouches that only what the container's network lets in can reach the port. */
  behind: z.literal('container').optional(),
  /** What callers behind a container may name in Host and Origin; the first is the address that people are told. */
  hosts: z.array(address).min(1).optional(),
});

const databaseAsWritten = z.discriminatedUnion('store', [
  z.strictObject({ store: z.literal('embedded') }),
  z.strictObject({
    store: z.literal('postgres'),
    postgres: z.strictObject({
      url: z
        .string()
        .regex(
          /^postgres(ql)?:\/\/[^:@/?#\s]+@[^/?#@\s]+\/[\w-]+$/,
          'postgresql://user@host:port/database, without a password',
        ),
      passwordFile: absolute,
      /** False: no TLS, for a network that is ours alone. */
      tls: z.boolean().default(true),
      /** PEM of the authority that signed the server's certificate, where the system does not know it. */
      caFile: absolute.optional(),
    }),
  }),
]);

const bellAsWritten = z.discriminatedUnion('store', [
  z.strictObject({ store: z.literal('postgres') }),
  z.strictObject({
    store: z.literal('redis'),
    redis: z.strictObject({
      url: z
        .string()
        .regex(/^rediss?:\/\/[^/?#@\s]+(\/\d+)?$/, 'redis://host:port, or rediss:// for TLS, without a password'),
      user: z.string().min(1).max(100).optional(),
      passwordFile: absolute,
    }),
  }),
]);

export const configAsWritten = z.strictObject({
  mode: z.enum(['sandbox', 'real']),
  /** Everything can be read; nothing is asked for, decided or carried on. */
  readOnly: z.boolean().default(false),
  listen: listenAsWritten.prefault({}),
  /** Postgres: the embedded one, or one that is there. */
  database: databaseAsWritten.default({ store: 'embedded' }),
  /** Where the bell hangs that wakes workers. */
  bell: bellAsWritten.default({ store: 'postgres' }),
  /** Secrets of the installation itself; absent: made at the first start and kept in the data folder. */
  secrets: z.strictObject({ operatorTokenFile: absolute.optional(), planKeyFile: absolute.optional() }).prefault({}),
  /** How processes that are started apart (--role) find the sandbox. */
  sandbox: z
    .strictObject({
      /** Written by the sandbox, read by the others; absent: sandbox.json in the data folder. */
      connectionFile: absolute.optional(),
      /** Name by which the others reach the sandbox; absent: the loopback address. */
      host: z
        .string()
        .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'a host name or IPv4 address')
        .default('127.0.0.1'),
      /** Where the sandbox reaches the orchestrator with webhooks; absent: the loopback address. */
      orchestrator: address.optional(),
    })
    .prefault({}),
  terraform: z
    .strictObject({
      /** A folder laid out as `terraform providers mirror` does; without it no provider can be installed. */
      mirror: fileOfThisMachine.optional(),
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
          passwordFile: absolute,
        }),
      }),
    ])
    .default({ store: 'postgres' }),
  targets: z.array(targetAsWritten).min(1),
  people: z.array(personSchema.extend({ id: name, roles: z.record(name, personSchema.shape.roles.valueType) })).min(1),
  agents: z
    .array(
      z.strictObject({
        id: name,
        onBehalfOf: name,
        personas: z.array(z.enum(PERSONAS)).min(1),
        targets: z.array(name).min(1),
        /** `sha256:` of the token; the token itself is never written here. */
        tokenDigest: z.string().regex(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 hex digits'),
        limits: z
          .strictObject({
            openRuns: z.number().int().min(1).max(10_000).default(100),
            runsAnHour: z.number().int().min(1).max(100_000).default(600),
            locks: z.number().int().min(1).max(1000).default(20),
          })
          .prefault({}),
      }),
    )
    .default([]),
});
export type ConfigAsWritten = z.input<typeof configAsWritten>;
export type ConfigParsed = z.output<typeof configAsWritten>;
