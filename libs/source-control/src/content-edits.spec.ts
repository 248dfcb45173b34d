import { describe, expect, test } from '@jest/globals';
import { type ContentEdit, oldestFirst } from './content-edits.js';
import { blockDigest, pullRequestText, wasBlockOther } from './index.js';

const ours = (round: number, planText = 'a plan') =>
  pullRequestText({
    ...{ run: 'run_1', round, subjectDigest: `sha256:${String(round).repeat(64)}`, planText, findings: [] },
    ...{ agentTitle: 't', agentReason: 'r' },
  });
const published = ours(2);
const digest = blockDigest(published) ?? '';
const edits = (texts: readonly (string | null)[], second = (place: number) => place): ContentEdit[] =>
  texts.map((diff, place) => ({ diff, editedAt: new Date(Date.UTC(2030, 0, 1, 0, 0, second(place))).toISOString() }));

describe('versions of a text', () => {
  const told: [string, (string | null)[], boolean][] = [
    ['published over what stood there', ['opened', ours(1), 'edited', published], false],
    ['words of people around our block', ['opened', published, `Hello.\n${published}`], false],
    ['another plan, put back', ['opened', published, ours(2, 'another plan'), published], true],
    ['our block taken away, put back', ['opened', published, 'gone', published], true],
    ['a version taken out of the history', ['opened', published, null, published], true],
    ['one taken out before it was published', ['opened', null, published], false],
    ['never published, as far as is told', ['opened', 'edited'], true],
    ['nothing is told', [], true],
  ];
  test.each(told)('%s', (_, texts, isOther) => {
    const now = texts.at(-1) ?? published;
    expect(wasBlockOther(edits(texts), now, digest)).toBe(isOther);
    // Whichever end GitHub begins with.
    expect(wasBlockOther(edits(texts).reverse(), now, digest)).toBe(isOther);
  });

  test('of one second: the end that reads as the text does now is the newest', () => {
    const within = edits(['opened', 'edited', published], () => 0);
    expect(oldestFirst(within, published)).toEqual(within);
    expect(oldestFirst([...within].reverse(), published)).toEqual(within);
  });
});
