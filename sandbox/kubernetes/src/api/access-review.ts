import { at, isRecord, type Json, text } from '../json.js';
import { RESOURCES } from '../resources.js';
import { mayDo, type SandboxToken } from './authorizer.js';

/** Answers a SelfSubjectAccessReview: the question back, with whether the asker may. */
export function reviewAccess(who: SandboxToken, review: Json): Json {
  const attributes = at(review, 'spec', 'resourceAttributes');
  const group = text(at(attributes, 'group')) ?? '';
  const plural = text(at(attributes, 'resource')) ?? '';
  const resource = RESOURCES.find((one) => one.plural === plural && (group === '*' || one.group === group));
  const namespace = text(at(attributes, 'namespace'));
  const subresource = text(at(attributes, 'subresource'));
  const allowed =
    isRecord(attributes) &&
    resource !== undefined &&
    mayDo(who, {
      verb: text(attributes.verb) ?? '',
      resource,
      subresource: subresource === '' ? undefined : subresource,
      namespace: namespace === '' ? undefined : namespace,
      name: text(attributes.name),
      dryRun: false,
    }) === 'yes';
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: review.spec,
    status: { allowed },
  };
}
