import { type ErrorBody, isPlanwardenError, PlanwardenError } from '@planwarden/contracts';
import { isRecord } from './live-object.js';

/** Field paths as the API server writes them; anything else of its words stays out of ours. */
const FIELD = /^[A-Za-z0-9_.[\]"=,-]{1,200}$/;
const UNDECLARED = /(\.[A-Za-z0-9_.[\]]{1,200}): field not declared in schema/g;
const MISTYPED = /(\.[A-Za-z0-9_.[\]]{1,200}): expected /g;
const UNTYPED = 'failed to create typed patch object ';
const fieldsOf = (said: string, pattern: RegExp): string[] =>
  [...said.matchAll(pattern)].map(([, field = '']) => field.replace(/^\./, ''));
const MISSING_NAMESPACE = 'metadata.namespace';

export const unavailable = (cluster: string, cause?: unknown): PlanwardenError =>
  new PlanwardenError('OUTSIDE_UNAVAILABLE', `The API server of cluster ${cluster} did not answer.`, {
    remedy: 'It is tried again; if this lasts, check that the API server runs and its address is right.',
    failure: 'retryable',
    cause,
  });

export const answerInvalid = (cluster: string): PlanwardenError =>
  new PlanwardenError('OUTSIDE_ANSWER_INVALID', `Cluster ${cluster} gave an answer that is not Kubernetes' own.`, {
    remedy: 'Check that the address in the kubeconfig is that of a Kubernetes API server.',
  });

const refused = (cluster: string, why: string, remedy: string): PlanwardenError =>
  new PlanwardenError('OUTSIDE_REFUSED', `Cluster ${cluster} refused the request: ${why}.`, { remedy });

const invalid = (message: string, fields: readonly string[]): PlanwardenError => {
  const details: ErrorBody['details'] = fields.map((field) => ({
    code: 'MANIFEST_INVALID',
    message: 'The API server does not accept this field.',
    where: { field },
  }));
  return new PlanwardenError('MANIFEST_INVALID', message, {
    remedy: 'Mend the named fields of the manifest.',
    ...(fields[0] === undefined ? {} : { where: { field: fields[0] } }),
    details,
  });
};

function causesOf(status: unknown): string[] {
  const details = isRecord(status) ? status.details : undefined;
  const causes = isRecord(details) && Array.isArray(details.causes) ? details.causes : [];
  const fields = causes.map((cause) => (isRecord(cause) ? cause.field : undefined));
  return fields.filter((field): field is string => typeof field === 'string' && FIELD.test(field));
}

/** Our error for an answer that is not a success. `status` is the answer's body, outside data. */
export function failureOf(cluster: string, code: number, status: unknown): PlanwardenError {
  const said = isRecord(status) && typeof status.message === 'string' ? status.message : '';
  // Server-side apply answers a wrong field with 500 and no reason.
  const undeclared = fieldsOf(said, UNDECLARED);
  if (undeclared.length > 0) return invalid('The manifest names fields its kind does not have.', undeclared);
  if (said.startsWith(UNTYPED))
    return invalid('The manifest gives a field another type than its kind has.', fieldsOf(said, MISTYPED));
  if (code === 401) return refused(cluster, 'it does not know the credential', 'Renew the token in the kubeconfig.');
  if (code === 403)
    return refused(
      cluster,
      'the credential may not do this, or admission forbids it',
      'Check the roles it is bound to.',
    );
  if (code === 400 || code === 422) return invalid('The API server does not accept the manifest.', causesOf(status));
  if (code === 409)
    return refused(cluster, 'the object is not what the request says it is', 'Read the object and try again.');
  if (code === 429 || code >= 500) return unavailable(cluster);
  return answerInvalid(cluster);
}

export const kindUnknown = (cluster: string): PlanwardenError =>
  new PlanwardenError('RESOURCE_UNKNOWN', `Cluster ${cluster} does not serve this kind.`, {
    where: { field: 'kind' },
    remedy: 'Check apiVersion and kind, or install what defines them.',
  });

export const namespaceMissing = (cluster: string): PlanwardenError =>
  new PlanwardenError('RESOURCE_UNKNOWN', `The namespace of the object does not exist on cluster ${cluster}.`, {
    where: { field: MISSING_NAMESPACE },
    remedy: 'Create the namespace first, or in the same change.',
  });

/** True when a dry run could not be made because the object's namespace is not there (yet). */
export const isNamespaceMissing = (error: unknown): boolean =>
  isPlanwardenError(error) && error.code === 'RESOURCE_UNKNOWN' && error.where?.field === MISSING_NAMESPACE;
