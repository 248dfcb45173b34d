import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ATTACKS } from './approval/index.js';
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
  'comment-edited-by-another',
  'assertion-over-another-subject',
  'freeze-before-the-effect',
  'file-added-after-evidence',
  'merged-by-hand',
  'webhook-forged',
  'webhook-replayed',
];

describe('refused by name, and nothing released', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());

  test('every attack named here is in the list', () => {
    const ids = ATTACKS.map(({ id }) => id);
    expect(QUICK.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test.each(ATTACKS.filter(({ id }) => QUICK.includes(id)).map((one) => [one.id, one] as const))(
    '%s',
    async (_, attack) => {
      const trial = await tryAttack(stage, attack);
      expect({ ...trial, held: held(trial) }).toMatchObject({ failure: null, released: 0, held: true });
    },
  );
});
