import {
  canonicalJson,
  type Digest,
  digestOf,
  type Person,
  PlanwardenError,
  type Subject,
  sha256,
  subjectSchema,
  type Target,
} from '@planwarden/contracts';

export type SubjectParts = Omit<Subject, 'version'>;

export interface BuiltSubject {
  readonly subject: Subject;
  /** Canonical JSON (RFC 8785): what is stored. */
  readonly json: string;
  readonly digest: Digest;
}

/** Digest of an approval subject: SHA-256 of its canonical JSON. All roads vote on this one value. */
export function subjectDigest(subject: Subject): Digest {
  return sha256(canonicalJson(subject));
}

/**
 * Reads a stored subject. Unknown keys are refused, so that nothing rides along unseen.
 * @throws PlanwardenError SUBJECT_CHANGED naming the first field that is wrong
 */
export function parseSubject(json: string): Subject {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw malformed(undefined, cause);
  }
  return checked(value);
}

/** Makes a subject from its parts, with the JSON to store and the digest to vote on. */
export function buildSubject(parts: SubjectParts): BuiltSubject {
  const subject = checked({ version: 'subject/1', ...parts });
  const json = canonicalJson(subject);
  return { subject, json, digest: sha256(json) };
}

/** One file of a commit as the subject counts it. */
export interface FileEntry {
  readonly path: string;
  readonly mode: string;
  readonly blobSha: string;
}

/** Digest over path, mode and blob SHA of each file, whatever the order given. */
export function filesDigest(files: readonly FileEntry[]): Digest {
  const rows = files.map(({ path, mode, blobSha }) => ({ path, mode, blobSha }));
  return digestOf(rows.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)));
}

/** Digest of who may do what: changes with every person, GitHub id and role; order does not matter. */
export function peopleDigest(people: readonly Person[]): Digest {
  return digestOf([...people].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)));
}

/** Digest of a target's configuration, defaults filled. */
export function targetConfigurationDigest(target: Target): Digest {
  return digestOf(target);
}

function checked(value: unknown): Subject {
  const result = subjectSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const unknownKey = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  throw malformed([...(issue?.path ?? []), ...unknownKey.slice(0, 1)].map(String).join('.'));
}

function malformed(field: string | undefined, cause?: unknown): PlanwardenError {
  return new PlanwardenError('SUBJECT_CHANGED', 'the stored approval subject is not a subject', {
    ...(field ? { where: { field } } : {}),
    remedy: 'Start a new round: the subject is made afresh and voted on again.',
    cause,
  });
}
