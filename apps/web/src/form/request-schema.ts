import type { TemplateDetail } from '@planwarden/contracts';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';

/** What the form holds: the words of the request and the parameters of its template. */
export interface RequestForm {
  readonly title?: string;
  readonly reason?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** Title and reason as the request asks for them, and the template's own schema below `parameters`. */
export function requestSchema(template: Pick<TemplateDetail, 'parameters'>): RJSFSchema {
  const { $schema, $id, $defs, definitions, ...parameters } = template.parameters;
  return {
    type: 'object',
    required: ['title', 'parameters'],
    properties: {
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
      parameters: { ...parameters, title: 'Parameters' },
    },
    // References inside the template's schema start at its root.
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  } as unknown as RJSFSchema;
}

export const REQUEST_UI: UiSchema = {
  'ui:order': ['title', 'reason', 'parameters'],
  reason: { 'ui:widget': 'textarea', 'ui:options': { rows: 3 } },
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
