import { describe, expect, test } from '@jest/globals';
import { RUN_STATES } from '@planwarden/contracts';
import { assertTransition, RUN_TRANSITIONS, runStatesDiagram } from './index.js';

describe('states', () => {
  test('every state stands in the map, ends have no way out, and all are reached from pending', () => {
    expect(Object.keys(RUN_TRANSITIONS).sort()).toEqual([...RUN_STATES].sort());
    const reached = new Set<string>(['pending']);
    for (const from of reached) for (const to of RUN_TRANSITIONS[from as keyof typeof RUN_TRANSITIONS]) reached.add(to);
    expect([...reached].sort()).toEqual([...RUN_STATES].sort());
    expect(() => assertTransition('applied', 'validating')).toThrow('cannot go from applied to validating');
    expect(() => assertTransition('merging', 'verifying')).not.toThrow();
    expect(runStatesDiagram()).toContain('  merging --> verifying');
  });
});
