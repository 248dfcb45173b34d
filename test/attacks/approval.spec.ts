import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ATTACKS } from './approval/index.js';
import { GUARDS, type GuardId } from './guards.js';
import { Stage } from './stage.js';
import { held, tryAttack } from './trial.js';

/** Part of every `npm test`; the others, and the proof of every guard, are `npm run attack -- approval`. */
const QUICK = [
  'agent-token-votes',
  'agent-token-discards',
  'agent-token-makes-link',
  'sign-in-link-replayed',
  'csrf-token-missing',
  'origin-of-another-site',
  'host-rebound',
  'self-vote-by-owner-session',
  'viewer-votes',
  'bot-in-disguise',
  'review-of-code-commit',
  'file-added-after-evidence',
  'merged-by-hand',
  'webhook-forged',
  'webhook-replayed',
];

describe('the list', () => {
  const root = join(import.meta.dirname, '..', '..');

  test('has at least forty attacks, each with a name of its own; each guard is proven by one', () => {
    const ids = ATTACKS.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(40);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(ATTACKS.map(({ guard }) => guard))].sort()).toEqual(Object.keys(GUARDS).sort());
    expect(QUICK.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test.each(Object.keys(GUARDS) as GuardId[])('guard %s stands where the harness cuts it out', (id) => {
    for (const { file, find, put } of GUARDS[id].cuts) {
      const places = readFileSync(join(root, file), 'utf8').split(find).length - 1;
      expect([file, find, places]).toEqual([file, find, 1]);
      expect(put).not.toBe(find);
    }
  });
});

describe('refused by name, and nothing released', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  test.each(ATTACKS.filter(({ id }) => QUICK.includes(id)).map((one) => [one.id, one] as const))(
    '%s',
    async (_, attack) => {
      const trial = await tryAttack(stage, attack);
      expect({ ...trial, held: held(trial) }).toMatchObject({ failure: null, released: 0, held: true });
    },
  );
});
