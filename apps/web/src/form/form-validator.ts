import type { ErrorSchema, RJSFSchema, RJSFValidationError, ValidationData, ValidatorType } from '@rjsf/utils';
import { checkAgainstSchema, type Problem } from './schema-check.js';

/** The validator of the generated forms: walks the schema, compiles nothing. */
export const formValidator: ValidatorType = {
  validateFormData: (data: unknown, schema: RJSFSchema): ValidationData<unknown> => {
    const problems = checkAgainstSchema(schema, data);
    return { errors: problems.map(errorOf), errorSchema: errorSchemaOf(problems) };
  },
  isValid: (schema: RJSFSchema, data: unknown, root: RJSFSchema): boolean =>
    checkAgainstSchema(schema, data, root).length === 0,
  rawValidation: <Result>(schema: RJSFSchema, data: unknown) => ({
    errors: checkAgainstSchema(schema, data) as Result[],
  }),
};

function errorOf({ path, message }: Problem): RJSFValidationError {
  const property = path.map((part) => `.${part}`).join('');
  return { property, message, stack: `${path.at(-1) ?? 'form'} ${message}` };
}

function errorSchemaOf(problems: readonly Problem[]): ErrorSchema {
  const root: ErrorSchema = {};
  for (const { path, message } of problems) {
    let at = root;
    for (const part of path) {
      const inner = at as Record<string, ErrorSchema>;
      at = inner[part] ??= {};
    }
    at.__errors = [...(at.__errors ?? []), message];
  }
  return root;
}
