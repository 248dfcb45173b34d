import type { ErrorBody } from '@planwarden/contracts';
import type { ErrorSchema } from '@rjsf/utils';

/** A refusal taken apart: what belongs to a field of the form, and what belongs to none. */
export interface FieldErrors {
  /** Errors of the generated form, by path: `title`, `reason`, `parameters.replicas`. */
  readonly form: ErrorSchema;
  /** Errors of the two choices above it. */
  readonly target: readonly string[];
  readonly template: readonly string[];
  /** How many places are marked; zero: only the box tells. */
  readonly marked: number;
}

const NONE: FieldErrors = { form: {}, target: [], template: [], marked: 0 };

/** Sorts a refusal onto the fields it names, as dotted path or JSON pointer, with or without `body` before it. */
export function fieldErrorsOf(error: ErrorBody | null, isField: (path: readonly string[]) => boolean): FieldErrors {
  if (error === null) return NONE;
  const named = (error.details ?? []).filter((one) => one.where?.field !== undefined);
  const problems = named.length > 0 ? named : [error];
  return problems.reduce((all, problem) => placed(all, problem.where?.field ?? '', problem.message, isField), NONE);
}

/** `body.template.parameters.replicas`, `/template/parameters/replicas`, `parameters.replicas`: one path in the form. */
export function formPath(field: string): readonly string[] {
  const parts = field.startsWith('/')
    ? field
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    : field.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  const inside = parts[0] === 'body' || parts[0] === 'request' ? parts.slice(1) : parts;
  return inside[0] === 'template' && inside[1] === 'parameters' ? inside.slice(1) : inside;
}

function placed(
  all: FieldErrors,
  field: string,
  message: string,
  isField: (path: readonly string[]) => boolean,
): FieldErrors {
  const path = formPath(field);
  const [first] = path;
  const marked = all.marked + 1;
  if (first === 'target') return { ...all, target: [...all.target, message], marked };
  if (first === 'template') return { ...all, template: [...all.template, message], marked };
  // A field that the form does not have would swallow the error: the nearest one above it that the form has shows it.
  for (let end = path.length; end > 0; end -= 1) {
    if (isField(path.slice(0, end))) return { ...all, form: withError(all.form, path.slice(0, end), message), marked };
  }
  return all;
}

function withError(schema: ErrorSchema, path: readonly string[], message: string): ErrorSchema {
  const [first, ...rest] = path;
  // An error schema is a tree of fields with its texts under __errors: rjsf's type cannot say both at once.
  const texts = { __errors: [...(schema.__errors ?? []), message] };
  if (first === undefined) return { ...schema, ...texts } as ErrorSchema;
  const inner = (schema as Record<string, ErrorSchema | undefined>)[first] ?? {};
  return { ...schema, [first]: withError(inner, rest, message) };
}
