import { z } from 'zod';

/** A node: one infrastructure resource. `id` is `k8s:<cluster>:<group>/<kind>:<namespace or ->:<name>`. */
export const graphNodeSchema = z.strictObject({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  namespace: z.string().nullable(),
  cluster: z.string(),
  environment: z.string().nullable(),
  /** Short facts for people and policy: image, replicas, ports. Never secrets. */
  properties: z.record(z.string(), z.unknown()),
  provenance: z.strictObject({
    /** `import` (read from the cluster) or `run` (written by a run). */
    source: z.enum(['import', 'run']),
    run: z.string().nullable(),
    observedAt: z.string(),
  }),
});
export type GraphNode = z.infer<typeof graphNodeSchema>;

export const EDGE_KINDS = ['owns', 'selects', 'routes_to', 'mounts', 'uses', 'contains', 'manages', 'guards'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** `from` depends on / acts on `to`: `dependsOn` says which end suffers when the other changes. */
export const graphEdgeSchema = z.strictObject({ from: z.string(), to: z.string(), kind: z.enum(EDGE_KINDS) });
export type GraphEdge = z.infer<typeof graphEdgeSchema>;

/** Which kinds and namespaces a facts document read, and which it could not. */
export const coverageSchema = z.strictObject({
  cluster: z.string(),
  kindsRead: z.array(z.string()),
  kindsFailed: z.array(z.strictObject({ kind: z.string(), reason: z.string() })),
  namespacesRead: z.array(z.string()),
});
export type Coverage = z.infer<typeof coverageSchema>;

export const blastHitSchema = z.strictObject({
  node: graphNodeSchema,
  depth: z.number().int(),
  /** The path that explains the hit: from the changed node to this one. */
  path: z.array(graphEdgeSchema),
});
export type BlastHit = z.infer<typeof blastHitSchema>;

/** `not_tracked`: the graph has never seen it. `tracked` with no hits: nothing depends on it, within the coverage named. */
export const blastRadiusSchema = z.strictObject({
  status: z.enum(['tracked', 'not_tracked']),
  root: z.string(),
  snapshot: z.string(),
  hits: z.array(blastHitSchema),
  truncated: z.boolean(),
  coverage: coverageSchema,
});
export type BlastRadius = z.infer<typeof blastRadiusSchema>;

/** What policy may know about the infrastructure: made from one snapshot, stored with the round, digested. */
export const factsSchema = z.strictObject({
  version: z.literal('facts/1'),
  snapshot: z.string(),
  target: z.string(),
  environment: z.string(),
  coverage: coverageSchema,
  /** Existing nodes the change touches or that depend on them, sorted by id; observation times left out of the digest. */
  related: z.array(graphNodeSchema),
  edges: z.array(graphEdgeSchema),
  blastRadius: z.strictObject({ affected: z.number().int(), notTracked: z.array(z.string()) }),
});
export type Facts = z.infer<typeof factsSchema>;
