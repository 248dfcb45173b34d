import type { StatusCause } from '../api/status-error.js';
import { at, isRecord, type Json, list, text } from '../json.js';
import { containersOf } from '../pod-templates.js';

export const required = (field: string, more = ''): StatusCause => ({
  reason: 'FieldValueRequired',
  message: `Required value${more === '' ? '' : `: ${more}`}`,
  field,
});
export const wrong = (field: string, value: unknown, why: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});
export const unsupported = (field: string, value: unknown, supported: readonly string[]): StatusCause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => `"${one}"`).join(', ')}`,
  field,
});
const duplicate = (field: string, value: unknown): StatusCause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}`,
  field,
});

export const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536;
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/;
const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

function quantity(value: unknown): number | undefined {
  const [, number = '', , unit = ''] = String(value).match(QUANTITY) ?? [];
  if (number === '') return undefined;
  return /^[eE]/.test(unit) && unit.length > 1 ? Number(number + unit) : Number(number) * (UNITS[unit] ?? 1);
}

function resourceCauses(container: Json, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const name of ['limits', 'requests']) {
    for (const [key, value] of Object.entries(at(container, 'resources', name) ?? {}))
      if (quantity(value) === undefined)
        causes.push(wrong(`${field}.resources.${name}[${key}]`, value, 'quantities must match the regular expression'));
  }
  for (const key of ['cpu', 'memory']) {
    const asked = at(container, 'resources', 'requests', key);
    const limit = at(container, 'resources', 'limits', key);
    if (asked === undefined || limit === undefined) continue;
    if ((quantity(asked) ?? 0) > (quantity(limit) ?? 0))
      causes.push(
        wrong(`${field}.resources.requests`, asked, `must be less than or equal to ${key} limit of ${String(limit)}`),
      );
  }
  return causes;
}

function containerCauses(container: Json, field: string, volumes: ReadonlySet<string>): StatusCause[] {
  const causes: StatusCause[] = [];
  const name = text(container.name) ?? '';
  if (name === '') causes.push(required(`${field}.name`));
  else if (!LABEL.test(name))
    causes.push(
      wrong(
        `${field}.name`,
        name,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'",
      ),
    );
  if ((text(container.image) ?? '') === '') causes.push(required(`${field}.image`));
  else if (/\s/.test(String(container.image)))
    causes.push(wrong(`${field}.image`, container.image, 'must not have leading or trailing whitespace'));
  for (const [index, port] of list(container.ports).entries()) {
    const value = at(port, 'containerPort');
    const where = `${field}.ports[${index}].containerPort`;
    if (value === undefined) causes.push(required(where));
    else if (!isPort(value)) causes.push(wrong(where, value, 'must be between 1 and 65535, inclusive'));
  }
  for (const [index, mount] of list(container.volumeMounts).entries()) {
    const volume = at(mount, 'name');
    if (!volumes.has(String(volume)))
      causes.push({
        reason: 'FieldValueNotFound',
        message: `Not found: ${JSON.stringify(volume)}`,
        field: `${field}.volumeMounts[${index}].name`,
      });
  }
  return [...causes, ...resourceCauses(container, field)];
}

/** What is wrong with a pod specification. */
export function podSpecCauses(spec: Json | undefined, path: readonly string[]): StatusCause[] {
  const field = path.join('.');
  if (spec === undefined) return [required(`${field}.containers`)];
  if (list(spec.containers).length === 0) return [required(`${field}.containers`)];
  const volumes = new Set(list(spec.volumes).map((volume) => String(at(volume, 'name'))));
  const seen = new Set<unknown>();
  return containersOf(spec, path).flatMap((one) => {
    const causes = containerCauses(one.container, one.field, volumes);
    const { name } = one.container;
    if (seen.has(name)) causes.push(duplicate(`${one.field}.name`, name));
    seen.add(name);
    return causes;
  });
}

/** What is wrong with the pod template of a workload and the selector that must fit it. */
export function workloadCauses(spec: Json): StatusCause[] {
  const causes: StatusCause[] = [];
  const selector = spec.selector;
  const labels = at(spec, 'template', 'metadata', 'labels');
  const wanted = Object.entries(at(selector, 'matchLabels') ?? {});
  if (!isRecord(selector)) causes.push(required('spec.selector'));
  else if (wanted.length === 0 && list(selector.matchExpressions).length === 0)
    causes.push(wrong('spec.selector', selector, 'empty selector is invalid for deployment'));
  if (wanted.some(([key, value]) => at(labels, key) !== value))
    causes.push(wrong('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'));
  if (spec.replicas !== undefined && !(Number.isInteger(spec.replicas) && Number(spec.replicas) >= 0))
    causes.push(wrong('spec.replicas', spec.replicas, 'must be greater than or equal to 0'));
  return causes;
}
