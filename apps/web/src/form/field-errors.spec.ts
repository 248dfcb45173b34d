import { describe, expect, test } from '@jest/globals';
import { fieldErrorsOf, formPath } from './field-errors.js';

const known = new Set(['title', 'reason', 'parameters', 'parameters.replicas', 'parameters.ports']);
const isField = (path: readonly string[]) => known.has(path.join('.'));
const error = { code: 'INPUT_INVALID', message: 'too many', remedy: 'fewer' };

describe('errors at their fields', () => {
  test.each([
    ['title', 'title'],
    ['body.title', 'title'],
    ['template.parameters.replicas', 'parameters.replicas'],
    ['/template/parameters/replicas', 'parameters.replicas'],
    ['parameters.ports[0]', 'parameters.ports.0'],
    ['template', 'template'],
  ])('%s', (field, path) => expect(formPath(field).join('.')).toBe(path));

  test('one place', () => {
    const found = fieldErrorsOf({ ...error, where: { field: 'template.parameters.replicas' } }, isField);
    expect(found).toMatchObject({ form: { parameters: { replicas: { __errors: ['too many'] } } }, marked: 1 });
  });

  test('several places; the details win over the summary', () => {
    const details = [
      { code: 'INPUT_INVALID', message: 'empty', where: { field: 'title' } },
      { code: 'INPUT_INVALID', message: 'unknown target', where: { field: 'target' } },
      { code: 'INPUT_INVALID', message: 'unknown template', where: { field: 'template.name' } },
    ];
    const found = fieldErrorsOf({ ...error, where: { field: 'title' }, details }, isField);
    expect(found).toEqual({
      form: { title: { __errors: ['empty'] } },
      target: ['unknown target'],
      template: ['unknown template'],
      marked: 3,
    });
  });

  test('a field the form does not have is shown at the nearest one above', () => {
    const found = fieldErrorsOf({ ...error, where: { field: 'template.parameters.ports.3' } }, isField);
    expect(found.form).toEqual({ parameters: { ports: { __errors: ['too many'] } } });
  });

  test('what has no field is left to the box', () => {
    expect(fieldErrorsOf({ ...error, where: { field: 'x-csrf-token' } }, isField).marked).toBe(0);
    expect(fieldErrorsOf({ ...error, where: { file: 'a.yaml', line: 3 } }, isField).marked).toBe(0);
    expect(fieldErrorsOf(null, isField).marked).toBe(0);
  });
});
