import type { TemplateDetail } from '@planwarden/contracts';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';

/** What the form holds: the words of the request and the parameters of its template. */
export interface RequestForm {
  readonly title?: string;
  readonly reason?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Files of one's own, in place of a template; paths below the folder of the target. */
  readonly files?: readonly { readonly path?: string; readonly content?: string }[];
  readonly deletions?: readonly string[];
  /** Of a review: what is looked at. */
  readonly pullRequest?: { readonly number?: number; readonly sha?: string };
}

/** Chosen in place of a template. No template can be called so. */
export const OWN_FILES = '(own files)';
/** Chosen by those whose persona reviews. */
export const PULL_REQUEST = '(pull request)';

const WORDS = {
  title: {
    type: 'string',
    title: 'Title',
    description: 'What reviewers read first, for example: nginx with three replicas.',
    minLength: 1,
    maxLength: 120,
  },
  reason: {
    type: 'string',
    title: 'Reason',
    description: 'Why it is wanted. Shown to whoever approves.',
    maxLength: 2000,
  },
} as const;

/** Title and reason, and files as they are: what agents may give, a person may too. */
export function ownFilesSchema(folder: string): RJSFSchema {
  return {
    type: 'object',
    required: ['title', 'files'],
    properties: {
      ...WORDS,
      files: {
        type: 'array',
        title: 'Files',
        description: `Each one whole; paths are below ${folder}.`,
        minItems: 1,
        maxItems: 50,
        items: {
          type: 'object',
          title: 'File',
          required: ['path', 'content'],
          properties: {
            path: { type: 'string', title: 'Path', minLength: 1, maxLength: 512 },
            content: { type: 'string', title: 'Content', maxLength: 262_144 },
          },
        },
      },
      deletions: {
        type: 'array',
        title: 'Files to delete',
        maxItems: 50,
        items: { type: 'string', title: 'Path', minLength: 1, maxLength: 512 },
      },
    },
  } as unknown as RJSFSchema;
}

/** Title and reason, and a pull request at one commit: what a review looks at. */
export function pullRequestSchema(repository: string): RJSFSchema {
  return {
    type: 'object',
    required: ['title', 'pullRequest'],
    properties: {
      ...WORDS,
      pullRequest: {
        type: 'object',
        title: 'Pull request',
        required: ['number', 'sha'],
        properties: {
          number: {
            type: 'integer',
            title: 'Number',
            description: `Of a pull request of ${repository} that is open.`,
            minimum: 1,
            maximum: 2_147_483_647,
          },
          sha: {
            type: 'string',
            title: 'Commit',
            description: 'Its head, or an earlier one of its commits: the full SHA, 40 hex digits.',
            pattern: '^[0-9a-f]{40}$',
          },
        },
      },
    },
  } as unknown as RJSFSchema;
}

/** Title and reason as the request asks for them, and the template's own schema below `parameters`. */
export function requestSchema(template: Pick<TemplateDetail, 'parameters'>): RJSFSchema {
  const { $schema, $id, $defs, definitions, ...parameters } = template.parameters;
  return {
    type: 'object',
    required: ['title', 'parameters'],
    properties: {
      ...WORDS,
      parameters: { ...parameters, title: 'Parameters' },
    },
    // References inside the template's schema start at its root.
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  } as unknown as RJSFSchema;
}

export const REQUEST_UI: UiSchema = {
  'ui:order': ['title', 'reason', '*'],
  reason: { 'ui:widget': 'textarea', 'ui:options': { rows: 3 } },
  files: { items: { content: { 'ui:widget': 'textarea', 'ui:options': { rows: 14 } } } },
};

/** Whether the form has a place for this path. Entries of lists count as places of the list's own. */
export function hasField(schema: RJSFSchema, path: readonly string[]): boolean {
  let at: unknown = schema;
  for (const part of path) {
    const { properties } = at as { properties?: Record<string, unknown> };
    at = properties?.[part];
    if (typeof at !== 'object' || at === null) return false;
  }
  return path.length > 0;
}
