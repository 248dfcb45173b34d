import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isShown, MUTATIONS, trialOf } from './engine/mutations.js';
import { planOf } from './engine/plan.js';
import { Server } from './engine/server.js';
import { tryPlan } from './engine/trial.js';

// A bounded part of `npm run test:faults`: the same code, fewer runs.
let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.stop());

describe('runs in worker processes, each at its right end with every effect once', () => {
  test.each([
    ['killed by SIGKILL at named points', 'kill', 0.2],
    ['answers lost, late and doubled', 'answers', 0.2],
    ['two workers let go at the same instant', 'race', 0.6],
    ['canceled at named points', 'cancel', 0.3],
  ] as const)('%s', async (_, family, size) => {
    const { problems, injected, effects } = await tryPlan(server, planOf(0, family, size));
    expect(problems).toEqual([]);
    expect([...injected.values()].length).toBeGreaterThan(0);
    expect(effects).toBeGreaterThan(0);
  });
});

describe('an engine without one of its guards is noticed', () => {
  test('each of them stands in one place of the sources', () => {
    for (const { cuts } of MUTATIONS) {
      for (const { file, find } of cuts) {
        const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
        expect([find, text.split(find).length]).toEqual([find, 2]);
      }
    }
  });

  test.each(MUTATIONS.filter(({ isQuick }) => isQuick).map((mutation) => [mutation.name, mutation] as const))(
    '%s',
    async (_, mutation) => {
      const { problems } = await tryPlan(server, planOf(0, mutation.family, 0.2), trialOf(mutation));
      expect([problems, isShown(mutation, problems)]).toEqual([expect.any(Array), true]);
    },
  );
});
