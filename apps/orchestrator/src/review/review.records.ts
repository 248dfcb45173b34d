import {
  ERROR_CODES,
  type ErrorCode,
  findingSchema,
  pullRequestAtSchema,
  REVIEW_EVENTS,
  sourceModuleSchema,
  sourceProviderSchema,
  sourceResourceSchema,
} from '@planwarden/contracts';
import { z } from 'zod';
import { contextRecord, decisionRecord, parsedObjectSchema } from '../change/change.records.js';

/** What each step of a review leaves in the journal for the steps after it. What the files say is not among it. */

export const reviewFilesRecord = z.strictObject({
  /** Null for files that came with the request. */
  pullRequest: pullRequestAtSchema
    .extend({
      url: z.string(),
      /** Where the pull request left the base branch. */
      mergeBase: z.string(),
    })
    .nullable(),
  /** Paths of every changed file of the repository. */
  paths: z.array(z.string()),
  /** Those that are read, with the blob each is in; null for one that is deleted, or came with the request. */
  files: z.array(z.strictObject({ path: z.string(), blobSha: z.string().nullable() })),
  notCovered: z.array(z.string()),
});
export type ReviewFiles = z.infer<typeof reviewFilesRecord>;

/** One reason why the change road would not take a file. */
export const problemSchema = z.strictObject({
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  message: z.string(),
  remedy: z.string(),
});
export type Problem = z.infer<typeof problemSchema>;

export const reviewValidateRecord = z.strictObject({
  objects: z.array(parsedObjectSchema),
  resources: z.array(sourceResourceSchema),
  providers: z.array(sourceProviderSchema),
  modules: z.array(sourceModuleSchema),
  problems: z.array(problemSchema),
  /** Places of secrets; never the secrets. */
  secrets: z.array(z.strictObject({ where: z.string(), rule: z.string(), line: z.number().int() })),
});

/** Null where the state could not be asked: there is no binary here. */
export const reviewContextRecord = contextRecord.nullable();

export const reviewSourceRecord = z.strictObject({
  decision: decisionRecord,
  /** Problems of the files and findings of policy. */
  findings: z.array(findingSchema),
  denies: z.boolean(),
});

export const postedReview = z.strictObject({
  id: z.number().int(),
  event: z.enum(REVIEW_EVENTS),
  url: z.string(),
  onLines: z.number().int(),
  headSha: z.string(),
});
export type PostedReview = z.infer<typeof postedReview>;

export const publishRecord = z.strictObject({ posted: postedReview.nullable() });
