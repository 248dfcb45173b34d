import { z } from 'zod';
import { PERSONAS } from './lists.js';

/** A file of a change: UTF-8 text at a path relative to the repository root. */
export const changeFileSchema = z.strictObject({ path: z.string().min(1).max(512), content: z.string().max(262_144) });
export type ChangeFile = z.infer<typeof changeFileSchema>;

/** What an agent or a person asks for: a template with parameters, or files of its own. Exactly one of the two. */
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
  })
  .refine((r) => (r.template === undefined) !== (r.files === undefined && r.deletions === undefined), {
    message: 'give either template, or files and deletions',
    path: ['template'],
  });
export type ChangeRequest = z.infer<typeof changeRequestSchema>;

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
