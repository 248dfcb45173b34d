import { groupVersionOf, type Resource } from '../resources.js';
import { forbidden, unauthorized } from './status-error.js';

/** One thing a user may do. `*` stands for everything; an absent list too. */
export interface Permission {
  readonly verbs: readonly string[];
  /** Plural names, subresources as `deployments/scale`. */
  readonly resources: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Writes are allowed only with `dryRun=All`, what a shipped admission policy does on a real cluster. */
  readonly dryRunOnly?: boolean;
}

/** A bearer token and whom it names. Group `system:masters` may do everything. */
export interface SandboxToken {
  readonly token: string;
  readonly user: string;
  readonly groups?: readonly string[];
  readonly permissions?: readonly Permission[];
}

/** What a request wants to do. */
export interface Act {
  readonly verb: string;
  readonly resource: Resource;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly dryRun: boolean;
}

const READS = new Set(['get', 'list', 'watch']);
const covers = (wanted: readonly string[] | undefined, value: string): boolean =>
  wanted === undefined || wanted.includes('*') || wanted.includes(value);

/** Who holds the bearer token of a request. @throws StatusError 401 */
export function authenticate(tokens: readonly SandboxToken[], header: string | undefined): SandboxToken {
  const [, given] = header?.match(/^Bearer\s+(\S+)$/i) ?? [];
  const found = tokens.find(({ token }) => token === given);
  if (found === undefined) throw unauthorized();
  return found;
}

const reaches = (rule: Permission, act: Act): boolean => {
  const target = act.subresource === undefined ? act.resource.plural : `${act.resource.plural}/${act.subresource}`;
  return (
    covers(rule.verbs, act.verb) &&
    covers(rule.resources, target) &&
    covers(rule.apiGroups, act.resource.group) &&
    (rule.namespaces === undefined || covers(rule.namespaces, act.namespace ?? ''))
  );
};

/** Whether a user may do something; `dry run only` when a dry run of it would be allowed. */
export function mayDo(who: SandboxToken, act: Act): 'yes' | 'no' | 'dry run only' {
  if (who.groups?.includes('system:masters') === true) return 'yes';
  const rules = (who.permissions ?? []).filter((rule) => reaches(rule, act));
  if (rules.some((rule) => rule.dryRunOnly !== true || act.dryRun || READS.has(act.verb))) return 'yes';
  return rules.length > 0 ? 'dry run only' : 'no';
}

/** @throws StatusError 403 */
export function authorize(who: SandboxToken, act: Act): void {
  const answer = mayDo(who, act);
  if (answer === 'yes') return;
  if (answer === 'dry run only')
    throw forbidden(act.resource, act.name ?? '', `user "${who.user}" may write only with dryRun=All`);
  const target = act.subresource === undefined ? act.resource.plural : `${act.resource.plural}/${act.subresource}`;
  const scope = act.namespace === undefined ? 'at the cluster scope' : `in the namespace "${act.namespace}"`;
  const group = groupVersionOf(act.resource) === 'v1' ? '' : act.resource.group;
  throw forbidden(
    act.resource,
    act.name ?? '',
    `User "${who.user}" cannot ${act.verb} resource "${target}" in API group "${group}" ${scope}`,
  );
}
