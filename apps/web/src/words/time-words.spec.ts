import { describe, expect, test } from '@jest/globals';
import { duration, relativeTime } from './time-words.js';

const now = Date.parse('2026-05-01T12:00:00Z');

describe('time in words', () => {
  test.each([
    ['2026-05-01T11:59:40Z', 'just now'],
    ['2026-05-01T12:00:30Z', 'in less than a minute'],
    ['2026-05-01T11:57:00Z', '3 minutes ago'],
    ['2026-05-01T14:00:00Z', 'in 2 hours'],
    ['2026-04-29T12:00:00Z', '2 days ago'],
    ['nonsense', 'nonsense'],
  ])('%s', (at, words) => expect(relativeTime(at, now)).toBe(words));

  test('durations', () => {
    expect(duration('2026-05-01T12:00:00.000Z', '2026-05-01T12:00:00.310Z')).toBe('310 ms');
    expect(duration('2026-05-01T12:00:00Z', '2026-05-01T12:00:02.4Z')).toBe('2.4 s');
    expect(duration('2026-05-01T12:00:00Z', '2026-05-01T12:04:00Z')).toBe('4 min');
    expect(duration(null, '2026-05-01T12:04:00Z')).toBe('');
  });
});
