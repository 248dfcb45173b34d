import { z } from 'zod';
import { PERSONAS } from './lists.js';

/** A file of a change: UTF-8 text at a path relative to the repository root. */
export const changeFileSchema = z.strictObject({ path: z.string().min(1).max(512), content: z.string().max(262_144) });
export type ChangeFile = z.infer<typeof changeFileSchema>;

/** A pull request as it stands at one of its commits: what a review looks at. */
export const pullRequestAtSchema = z.strictObject({
  number: z.number().int().min(1).max(2_147_483_647),
  /** The head commit of the pull request, or an earlier one of its commits. */
  sha: z.string().regex(/^[0-9a-f]{40}$/, 'is no full commit SHA (40 hex digits)'),
});
export type PullRequestAt = z.infer<typeof pullRequestAtSchema>;

/**
 * What an agent or a person asks for: a template with parameters, files of its own, or (of a review) a pull request.
 * Exactly one of the three.
 */
export const changeRequestSchema = z
  .strictObject({
    target: z.string().min(1).max(100),
    persona: z.enum(PERSONAS).optional(),
    title: z.string().min(1).max(120),
    reason: z.string().max(2000).default(''),
    template: z
      .strictObject({ name: z.string().min(1).max(100), parameters: z.record(z.string(), z.unknown()) })
      .optional(),
    /** Paths are relative to the target's path. */
    files: z.array(changeFileSchema).min(1).max(50).optional(),
    /** Files (relative to the target's path) to delete. */
    deletions: z.array(z.string().min(1).max(512)).max(50).optional(),
    /** Of a review only. */
    pullRequest: pullRequestAtSchema.optional(),
  })
  .refine((r) => waysOf(r) === 1, {
    message: 'give exactly one of: template, files (with deletions), pullRequest',
    path: ['template'],
  });
export type ChangeRequest = z.infer<typeof changeRequestSchema>;

type Ways = 'template' | 'files' | 'deletions' | 'pullRequest';
function waysOf(asked: { readonly [way in Ways]?: unknown }): number {
  const ways = [asked.template, asked.files ?? asked.deletions, asked.pullRequest];
  return ways.filter((way) => way !== undefined).length;
}

/** Where a generated object comes from. */
export const provenanceSchema = z.strictObject({
  source: z.enum(['template', 'agent']),
  template: z.string().nullable(),
  templateDigest: z.string().nullable(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** Reference to one Kubernetes object. Cluster-scoped objects have namespace null. */
export const objectRefSchema = z.strictObject({
  group: z.string(),
  version: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
});
export type ObjectRef = z.infer<typeof objectRefSchema>;

/** One object parsed from a file, with the position of every node for findings. */
export interface ParsedObject {
  readonly ref: ObjectRef;
  readonly file: string;
  /** 1-based line of the document's first key. */
  readonly line: number;
  readonly object: Record<string, unknown>;
  /** JSON pointer inside the object -> 1-based line. */
  readonly lines: Readonly<Record<string, number>>;
  readonly provenance: Provenance;
}

/** A file after generation: path relative to the repository root; content null means it is deleted. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string | null;
  readonly provenance: Provenance;
}
