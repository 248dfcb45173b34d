import { badRequest } from '../api/status-error.js';
import { at, text } from '../json.js';
import type { KubeObject } from '../objects.js';

export type Matcher = (object: KubeObject) => boolean;
type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

const KEY = '[A-Za-z0-9]([A-Za-z0-9_.\\-/]*[A-Za-z0-9])?';

function labelTest(requirement: string): LabelTest {
  const set = requirement.match(new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^)]*)\\)$`));
  if (set !== null) {
    const [, key = '', , operator, inside = ''] = set;
    const values = inside.split(',').map((value) => value.trim());
    return (labels) => {
      const value = labels[key];
      const among = value !== undefined && values.includes(value);
      return operator === 'in' ? among : !among;
    };
  }
  const equal = requirement.match(new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([A-Za-z0-9_.\\-]*)$`));
  if (equal !== null) {
    const [, key = '', , operator, value = ''] = equal;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const exists = requirement.match(new RegExp(`^(!?)\\s*(${KEY})$`));
  if (exists !== null) {
    const [, not, key = ''] = exists;
    return (labels) => (labels[key] !== undefined) === (not === '');
  }
  throw badRequest(`unable to parse requirement: found '${requirement.slice(0, 80)}'`);
}

/** Tests labels against a labelSelector. @throws StatusError 400 when it cannot be parsed. */
export function labelMatcher(selector: string): LabelTest {
  const requirements = selector.split(/,(?![^(]*\))/).map((part) => part.trim());
  const tests = requirements.filter((part) => part !== '').map((part) => labelTest(part));
  return (labels) => tests.every((test) => test(labels));
}

const FIELDS = ['metadata.name', 'metadata.namespace', 'status.phase', 'spec.nodeName', 'involvedObject.name', 'type'];

function fieldMatcher(selector: string): Matcher {
  const tests = selector
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part): Matcher => {
      const [, field = '', operator, value = ''] = part.trim().match(/^([A-Za-z.]+)(==|=|!=)(.*)$/) ?? [];
      if (!FIELDS.includes(field)) throw badRequest(`field label not supported: ${field}`);
      return (object) => ((text(at(object, ...field.split('.'))) ?? '') === value) === (operator !== '!=');
    });
  return (object) => tests.every((test) => test(object));
}

/** The objects a list or watch asks for. */
export function matcherOf(query: URLSearchParams): Matcher {
  const labels = labelMatcher(query.get('labelSelector') ?? '');
  const fields = fieldMatcher(query.get('fieldSelector') ?? '');
  return (object) => labels(object.metadata.labels ?? {}) && fields(object);
}
