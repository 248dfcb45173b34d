import {
  canonicalJson,
  digestOf,
  type PlannedResource,
  PlanwardenError,
  type TerraformAction,
  type TerraformPlan,
} from '@planwarden/contracts';

/** What stands where Terraform marks a value as sensitive. */
export const SENSITIVE = '(sensitive)';

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const record = (value: unknown): Json => (isRecord(value) ? value : {});
const records = (value: unknown): Json[] => (Array.isArray(value) ? value.map(record) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export interface NormalisedPlan {
  /** Without the time it was made at and without sensitive values. */
  readonly json: Readonly<Json>;
  readonly digest: string;
  readonly resources: readonly PlannedResource[];
  readonly drift: readonly string[];
  readonly providers: TerraformPlan['providers'];
  readonly modules: TerraformPlan['modules'];
  readonly terraformVersion: string;
}

/**
 * `terraform show -json` of a saved plan without what differs between two equal plans and without secrets.
 * Source: "JSON Output Format" of Terraform, format version 1.
 * @throws PlanwardenError TERRAFORM_FAILED when it is no such document, or says the plan is not complete
 */
export function normalisePlan(shown: unknown): NormalisedPlan {
  const json = structuredClone(record(shown));
  if (!/^1\./.test(text(json.format_version)) || !Array.isArray(json.resource_changes ?? [])) {
    throw failed('the plan is in a format that is not known', 'Use Terraform 1.5 or later, or OpenTofu 1.6 or later.');
  }
  if (json.errored === true || json.complete === false) {
    throw failed('the plan is not complete', 'Read the log of the plan; make the change smaller or mend it.');
  }
  delete json.timestamp;
  for (const change of [...records(json.resource_changes), ...records(json.resource_drift)]) maskChange(change.change);
  for (const change of Object.values(record(json.output_changes))) maskChange(change);
  maskValues(json.planned_values);
  maskValues(record(json.prior_state).values);
  maskVariables(json);
  // Terraform lists these in no order.
  if (Array.isArray(json.relevant_attributes)) {
    json.relevant_attributes.sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
  }
  return {
    json,
    digest: digestOf(json),
    resources: records(json.resource_changes).map(resourceOf),
    drift: records(json.resource_drift).map(({ address }) => text(address)),
    ...madeWith(json.configuration),
    terraformVersion: text(json.terraform_version),
  };
}

const failed = (message: string, remedy: string): PlanwardenError =>
  new PlanwardenError('TERRAFORM_FAILED', message, { remedy });

function maskChange(change: unknown): void {
  if (!isRecord(change)) return;
  change.before = masked(change.before, change.before_sensitive);
  if ('after' in change) change.after = masked(change.after, change.after_sensitive);
}

/** A copy with the marker wherever the mask says true. */
function masked(value: unknown, mask: unknown): unknown {
  if (mask === true) return value === null || value === undefined ? value : SENSITIVE;
  if (Array.isArray(value)) {
    const marks: readonly unknown[] = Array.isArray(mask) ? mask : [];
    return value.map((item, index) => masked(item, marks[index]));
  }
  if (!isRecord(value)) return value;
  const marks = record(mask);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, marks[key])]));
}

/** State values: resources carry their masks beside them, modules nest. */
function maskValues(values: unknown): void {
  if (!isRecord(values)) return;
  for (const output of Object.values(record(values.outputs))) {
    if (isRecord(output) && output.sensitive === true && 'value' in output) output.value = SENSITIVE;
  }
  maskModule(values.root_module);
}

function maskModule(module: unknown): void {
  if (!isRecord(module)) return;
  for (const resource of records(module.resources))
    resource.values = masked(resource.values, resource.sensitive_values);
  for (const child of records(module.child_modules)) maskModule(child);
}

/** Values given to variables stand in the plan in clear, sensitive or not; so do the defaults. */
function maskVariables(json: Json): void {
  const declared = record(record(record(json.configuration).root_module).variables);
  const given = record(json.variables);
  for (const [name, variable] of Object.entries(declared)) {
    if (!isRecord(variable) || variable.sensitive !== true) continue;
    if ('default' in variable) variable.default = SENSITIVE;
    if (isRecord(given[name])) given[name] = { value: SENSITIVE };
  }
}

function resourceOf(change: Json): PlannedResource {
  const what = record(change.change);
  return {
    address: text(change.address),
    mode: change.mode === 'data' ? 'data' : 'managed',
    type: text(change.type),
    name: text(change.name),
    provider: text(change.provider_name),
    action: actionOf(Array.isArray(what.actions) ? what.actions.map(String) : []),
    before: isRecord(what.before) ? what.before : null,
    after: isRecord(what.after) ? what.after : null,
    unknown: unknownPaths(what.after_unknown),
    ...(isRecord(what.importing) ? { importedAs: importedAs(what.importing) } : {}),
    ...(text(change.previous_address) === '' ? {} : { movedFrom: text(change.previous_address) }),
  };
}

/** An id, or an identity of several values. */
const importedAs = ({ id, identity }: Json): string =>
  text(id) || (isRecord(identity) ? JSON.stringify(identity) : '(known after apply)');

/** @throws PlanwardenError TERRAFORM_FAILED for an action this version does not know: nothing is guessed */
function actionOf(actions: readonly string[]): TerraformAction {
  const [only] = actions;
  if (actions.length === 2 && actions.includes('create') && actions.includes('delete')) return 'replace';
  const known = ['no-op', 'create', 'read', 'update', 'delete', 'forget'] as const;
  const found = known.find((action) => action === only);
  if (actions.length === 1 && found) return found;
  throw failed('the plan holds an action that is not known', 'Use a version of Terraform that this version knows.');
}

/** What the plan's own copy of the configuration asks for; modules of modules too. */
function madeWith(configuration: unknown): Pick<TerraformPlan, 'providers' | 'modules'> {
  const { provider_config: configured, root_module: root } = record(configuration);
  // Several configurations of one provider, such as one for each region, share its version.
  const providers = new Map<string, string | null>();
  for (const one of Object.values(record(configured)).map(record)) {
    const source = text(one.full_name) || text(one.name);
    providers.set(source, providers.get(source) ?? versionOf(one));
  }
  return {
    providers: [...providers].map(([source, version]) => ({ source, version })),
    modules: modulesOf(root, ''),
  };
}

function modulesOf(module: unknown, above: string): TerraformPlan['modules'] {
  return Object.entries(record(record(module).module_calls)).flatMap(([name, value]) => {
    const call = record(value);
    const here = { name: `${above}${name}`, source: text(call.source), version: versionOf(call) };
    return [here, ...modulesOf(call.module, `${above}${name}.`)];
  });
}

const versionOf = ({ version_constraint: version }: Json): string | null => text(version) || null;

function unknownPaths(mask: unknown, path: readonly string[] = []): string[] {
  if (mask === true) return [path.join('.')];
  if (Array.isArray(mask)) return mask.flatMap((item, index) => unknownPaths(item, [...path, String(index)]));
  if (!isRecord(mask)) return [];
  return Object.entries(mask).flatMap(([key, item]) => unknownPaths(item, [...path, key]));
}
