import { describe, expect, test } from '@jest/globals';
import { RUN_STATES, RUN_STEPS, type RunSummary } from '@planwarden/contracts';
import {
  announcementOf,
  badgeOf,
  requesterWords,
  STATE_WORDS,
  STEP_WORDS,
  sentenceOf,
  shortDigest,
} from './run-words.js';

const run = (over: Partial<RunSummary> = {}): RunSummary => ({
  id: 'r1',
  title: 't',
  state: 'planning',
  ended: false,
  wait: null,
  round: 1,
  step: 'plan',
  target: 'staging',
  environment: 'staging',
  persona: 'devops',
  requester: { principal: 'agent:demo', onBehalfOf: 'owner' },
  outcome: null,
  parent: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  ...over,
});

describe('words for runs', () => {
  test('every state and step has words of its own', () => {
    expect(new Set(RUN_STATES.map((state) => STATE_WORDS[state].label)).size).toBe(RUN_STATES.length);
    expect(new Set(RUN_STEPS.map((step) => STEP_WORDS[step])).size).toBe(RUN_STEPS.length);
  });

  test('a wait says what for', () => {
    const waiting = run({ state: 'awaiting_approval', wait: { reason: 'approval', message: '1 of 1 votes missing' } });
    expect(sentenceOf(waiting)).toBe('Waiting for approval: 1 of 1 votes missing.');
    const frozen = { reason: 'freeze' as const, message: 'all applies are frozen by reviewer: a sale' };
    expect(sentenceOf(run({ wait: frozen }))).toBe('Waiting: all applies are frozen by reviewer: a sale.');
    expect(sentenceOf(run({ wait: { reason: 'lock', message: '' } }))).toBe('Waiting for another run to end.');
    expect(badgeOf(run({ wait: { reason: 'outside_down', message: 'x' } })).tone).toBe('waiting');
  });

  test('an end says why', () => {
    const outcome = { code: 'POLICY_DENIED', message: 'privileged container', remedy: 'r' };
    expect(sentenceOf(run({ state: 'policy_failed', ended: true, outcome }))).toBe(
      'A rule denied the change. Nothing was applied. Privileged container.',
    );
    expect(sentenceOf(run({ state: 'applied', ended: true }))).toBe('The change runs as approved.');
  });

  test('only a move is announced', () => {
    expect(announcementOf(undefined, run())).toBeNull();
    expect(announcementOf(run(), run({ updatedAt: 'later' }))).toBeNull();
    expect(announcementOf(run({ id: 'other' }), run())).toBeNull();
    expect(announcementOf(run(), run({ state: 'merging' }))).toMatch(/^Merging\./);
    expect(announcementOf(run(), run({ round: 2 }))).toContain('Round 2.');
  });

  test('people and digests', () => {
    expect(requesterWords({ principal: 'agent:demo', onBehalfOf: 'owner' })).toBe('agent demo, for owner');
    expect(requesterWords({ principal: 'person:rev', onBehalfOf: null })).toBe('rev');
    expect(shortDigest(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
  });
});
