import { z } from 'zod';
import { ASSURANCES, PERSONAS } from './lists.js';

const everyTarget = {
  name: z.string(),
  environment: z.string(),
  repository: z.strictObject({ owner: z.string(), name: z.string() }),
  baseBranch: z.string(),
  /** Folder inside the repository, no leading or trailing slash. Every file of a change lies below it. */
  path: z.string(),
  owners: z.array(z.string()),
  quorum: z.number().int().min(1),
  leastAssurance: z.enum(ASSURANCES),
  /** Role -> how many approving persons must hold it in this environment. */
  quorumRoles: z.record(z.string(), z.number().int().min(1)).optional(),
  /** How many approvals must be with `presence`, whatever the least assurance of the others. */
  presenceVotes: z.number().int().min(0).optional(),
  limits: z.strictObject({
    openRuns: z.number().int().min(1),
    /** Seconds after which an unanswered approval subject expires. */
    approvalExpirySeconds: z.number().int().min(60),
    /** Seconds verify waits for sync and roll-out. */
    verifyTimeoutSeconds: z.number().int().min(1),
    /** Seconds for which a run that awaits approval keeps the lock of its stack from those who wait for it. */
    holdForSeconds: z.number().int().min(1),
  }),
};

/** A target whose changes are Kubernetes manifests. */
export const manifestTargetSchema = z.strictObject({
  ...everyTarget,
  kind: z.literal('manifests'),
  delivery: z.enum(['gitops', 'direct']),
  /** Name of the cluster as planwarden.yaml calls it. */
  cluster: z.string(),
  argocd: z.strictObject({
    /** Namespace in which Application objects live. */
    namespace: z.string(),
    rootApplication: z.string(),
    /** Folder of the root application, inside `path`: Application manifests go here. */
    rootPath: z.string(),
    project: z.string(),
    /** `spec.source.repoURL` every Application of this target must name. */
    repoUrl: z.string(),
    destination: z.strictObject({ server: z.string() }),
    /** Namespaces that workloads of this target may use. `*` at the end of an entry matches any suffix. */
    namespaces: z.array(z.string()).min(1),
  }),
});
export type ManifestTarget = z.infer<typeof manifestTargetSchema>;

/** A target whose changes are Terraform: one stack, whose files lie directly in `path`. */
export const terraformTargetSchema = z.strictObject({
  ...everyTarget,
  kind: z.literal('terraform'),
  delivery: z.literal('apply'),
  /** Name of the stack: its state and its lock. */
  stack: z.string(),
  terraform: z.strictObject({
    binary: z.enum(['terraform', 'tofu']),
    /** Who plans and applies: a worker of ours, or the shipped workflows in GitHub Actions. */
    runner: z.enum(['worker', 'actions']),
    /** Seconds until a started workflow must be seen, and until it must have ended. */
    workflow: z.strictObject({ startSeconds: z.number().int().min(1), endSeconds: z.number().int().min(1) }),
    /** `namespace/type` and the one version of each provider that files may use. */
    providers: z.array(
      z.strictObject({
        source: z.string(),
        version: z.string(),
        /** The operator's arguments of the provider block; files may not have one then. */
        settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
        /** Arguments that name a file, and the file of this machine whose content Terraform's user gets. */
        credentials: z.record(z.string(), z.string()).default({}),
      }),
    ),
    /** Where the state is kept; a file of a change can never say so. */
    state: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('local') }),
        z.strictObject({
          kind: z.literal('kubernetes'),
          namespace: z.string(),
          secretSuffix: z.string(),
          kubeconfigFile: z.string(),
        }),
      ])
      .default({ kind: 'local' }),
  }),
});
export type TerraformTarget = z.infer<typeof terraformTargetSchema>;

/**
 * A target as trusted: defaults filled by the application's config.ts. What an operator writes in planwarden.yaml is
 * held by the "as written" schema in apps/orchestrator/src/config.ts.
 */
export const targetSchema = z.discriminatedUnion('kind', [manifestTargetSchema, terraformTargetSchema]);
export type Target = z.infer<typeof targetSchema>;

/** A passkey that the operator wrote down for a person: credential id and COSE public key, base64url. */
export const passkeyEntrySchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{16,1400}$/, 'base64url'),
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{32,4000}$/, 'base64url'),
});
export type PasskeyEntry = z.infer<typeof passkeyEntrySchema>;

/** `approver` votes, `viewer` does not; any other name is a role that a quorum may ask for, and votes too. */
export const roleNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'a role: lower-case letters, digits, dashes');

/** A person who may sign in. GitHub's numeric id is what counts; the login is for display. */
export const personSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  github: z.strictObject({ id: z.number().int().positive(), login: z.string() }),
  persona: z.enum(PERSONAS),
  /** One role or several per environment. */
  roles: z.record(z.string(), z.union([roleNameSchema, z.array(roleNameSchema).min(1)])),
  passkeys: z.array(passkeyEntrySchema).optional(),
});
export type Person = z.infer<typeof personSchema>;

/** The roles of a person in an environment. */
export function rolesOf(person: Pick<Person, 'roles'>, environment: string): readonly string[] {
  const roles = person.roles[environment] ?? [];
  return typeof roles === 'string' ? [roles] : roles;
}

/** Whether a person may vote in an environment: with any role there but `viewer` alone. */
export const mayVoteIn = (person: Pick<Person, 'roles'>, environment: string): boolean =>
  rolesOf(person, environment).some((role) => role !== 'viewer');

/** An agent's principal: holds a token of audience `mcp` and acts for one person. */
export const agentSchema = z.strictObject({
  id: z.string(),
  onBehalfOf: z.string(),
  personas: z.array(z.enum(PERSONAS)).min(1),
  targets: z.array(z.string()).min(1),
  /** Of its token, over all its targets. */
  limits: z.strictObject({
    openRuns: z.number().int().min(1),
    runsAnHour: z.number().int().min(1),
    /** Locks its runs hold at once. */
    locks: z.number().int().min(1),
  }),
});
export type Agent = z.infer<typeof agentSchema>;

/** Who asked: the agent's principal or the person who sent the web form. */
export const requesterSchema = z.strictObject({
  /** `agent:<id>` or `person:<id>`. */
  principal: z.string(),
  /** Person id of the owner of the agent's token; null for the web form. */
  onBehalfOf: z.string().nullable(),
});
export type Requester = z.infer<typeof requesterSchema>;
