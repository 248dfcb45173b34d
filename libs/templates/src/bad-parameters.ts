import { PlanwardenError } from '@planwarden/contracts';
import type { ErrorObject } from 'ajv';

/** So many problems stand in the message; all of them in the details. */
const MOST_SHOWN = 10;

/** A parameter by its dotted path, and what is wrong with it. */
export type BadParameter = readonly [field: string, message: string];

/** What a validator found, in words that name the parameter, its limit or what it is meant to be. */
export function badParameters(errors: readonly ErrorObject[]): BadParameter[] {
  return errors.map((error): BadParameter => {
    const path = error.instancePath.split('/').slice(1);
    const { missingProperty, additionalProperty } = error.params as Record<string, string | undefined>;
    const field = [...path, missingProperty ?? additionalProperty].filter((part) => part !== undefined).join('.');
    if (missingProperty !== undefined) return [field, 'is missing'];
    if (additionalProperty !== undefined) return [field, 'is no parameter of this template'];
    const about: unknown = error.parentSchema?.description;
    // A regular expression mends nothing; the description of the parameter says what is accepted.
    if (error.keyword === 'pattern' && typeof about === 'string') return [field, `is not accepted. ${about}`];
    return [field, error.message ?? 'is not valid'];
  });
}

/** @returns PlanwardenError INPUT_INVALID whose details name every bad parameter as `template.parameters.<path>` */
export function parametersRefused(problems: readonly BadParameter[]): PlanwardenError {
  const details = problems.map(([field, message]) => ({
    code: 'INPUT_INVALID',
    message: `${field} ${message}`,
    where: { field: field === '' ? 'template.parameters' : `template.parameters.${field}` },
  }));
  const first = details[0];
  // Many see the message alone, and would mend one after the other.
  const shown = details.slice(0, MOST_SHOWN).map(({ message }) => message.replace(/\.$/, ''));
  const more = details.length > shown.length ? `; and ${details.length - shown.length} more` : '';
  return new PlanwardenError('INPUT_INVALID', `parameters: ${shown.join('; ') || 'not valid'}${more}`, {
    ...(first ? { where: first.where } : {}),
    remedy: 'See describe_template for types, limits and an example.',
    details,
  });
}
