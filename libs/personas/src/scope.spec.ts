import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type Agent, PERSONAS, type Person, TOOL_NAMES } from '@planwarden/contracts';
import fc from 'fast-check';
import { loadPersonas, type ScopeRequest, scopeFor } from './index.js';

const personas = loadPersonas(fileURLToPath(new URL('../../../personas/', import.meta.url)));
const targets = [
  { name: 'staging', environment: 'staging' },
  { name: 'shop', environment: 'production' },
  { name: 'lab', environment: 'lab' },
];
const agent: Agent = {
  id: 'a1',
  onBehalfOf: 'owner',
  personas: ['sre', 'devops'],
  targets: ['staging', 'lab'],
  limits: { openRuns: 10, runsAnHour: 10, locks: 10 },
};
const person: Person = {
  id: 'owner',
  name: 'Olivia',
  github: { id: 1, login: 'olivia' },
  persona: 'devops',
  roles: {},
};
const ask = (more: Partial<ScopeRequest> = {}) => scopeFor({ asker: { agent }, personas, targets, ...more });

describe('scope', () => {
  test('of an agent: its first persona that has the tool, its targets in environments of that persona', () => {
    expect(ask()).toMatchObject({
      principal: 'agent:a1',
      onBehalfOf: 'owner',
      persona: { name: 'sre' },
      targets: ['staging', 'lab'],
    });
    expect(ask({ tool: 'propose_change' })).toMatchObject({ persona: { name: 'devops' }, targets: ['staging'] });
    expect(ask({ requestedPersona: 'devops', target: 'staging' }).targets).toEqual(['staging']);
  });
  test('of a person: the own persona, for nobody else', () => {
    expect(ask({ asker: { person } })).toMatchObject({
      principal: 'person:owner',
      onBehalfOf: null,
      persona: { name: 'devops' },
      targets: ['staging', 'shop'],
    });
  });

  test.each<[string, string, Partial<ScopeRequest>]>([
    ['PERSONA_OUT_OF_SCOPE', 'persona', { requestedPersona: 'security' }],
    ['PERSONA_OUT_OF_SCOPE', 'persona', { asker: { person }, requestedPersona: 'sre' }],
    ['PERSONA_OUT_OF_SCOPE', 'target', { requestedPersona: 'devops', target: 'lab' }],
    ['TOOL_OUT_OF_SCOPE', 'persona', { requestedPersona: 'sre', tool: 'propose_change' }],
    ['TARGET_OUT_OF_SCOPE', 'target', { target: 'shop' }],
    ['TARGET_OUT_OF_SCOPE', 'target', { target: 'no-such-target' }],
  ])('%s in field %s', (code, field, more) => {
    expect(() => ask(more)).toThrow(expect.objectContaining({ code, where: { field } }));
  });
  test('a target that is not there and one that may not be named answer alike', () => {
    const words = ['shop', 'no-such-target'].map((target) => {
      try {
        return ask({ target });
      } catch (error) {
        return String(error);
      }
    });
    expect(words[0]).toBe(words[1]);
  });

  test('is never wider than the token, whatever is asked', () => {
    const names = targets.map(({ name }) => name);
    const anything = fc.record(
      {
        personas: fc.uniqueArray(fc.constantFrom(...PERSONAS), { minLength: 1 }),
        targets: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
        requestedPersona: fc.option(fc.constantFrom(...PERSONAS), { nil: undefined }),
        target: fc.option(fc.constantFrom(...names), { nil: undefined }),
        tool: fc.option(fc.constantFrom(...TOOL_NAMES), { nil: undefined }),
      },
      { requiredKeys: ['personas', 'targets'] },
    );
    let granted = 0;
    fc.assert(
      fc.property(anything, ({ personas: held, targets: may, requestedPersona, target, tool }) => {
        const asker = { agent: { ...agent, personas: held, targets: may } };
        try {
          const scope = ask({
            asker,
            ...(requestedPersona ? { requestedPersona } : {}),
            ...(target ? { target } : {}),
            ...(tool ? { tool } : {}),
          });
          granted += 1;
          expect(held).toContain(scope.persona.name);
          if (requestedPersona) expect(scope.persona.name).toBe(requestedPersona);
          if (tool) expect(scope.persona.tools).toContain(tool);
          for (const name of scope.targets) expect(may).toContain(name);
          if (target) expect(scope.targets).toEqual([target]);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'PlanwardenError') throw error;
        }
      }),
      { numRuns: 300 },
    );
    expect(granted).toBeGreaterThan(0);
  });
});
