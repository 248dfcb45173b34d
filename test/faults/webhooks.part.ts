import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from '../e2e/world.js';

describe('webhooks out of order', () => {
  /** Nobody looks by himself within a test: what a run hears it hears by webhook. Lost ones: changed-world.part.ts. */
  const NEVER_MS = 3_600_000;
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ poll: { firstMs: NEVER_MS, longestMs: NEVER_MS } });
  });
  afterAll(() => world.stop());

  const waitingRun = async (name: string): Promise<RunSeen> =>
    world.until(await world.propose({ ...NGINX, name }), waitsForApproval);
  async function vote({ pullRequest }: RunSeen, event: 'APPROVE' | 'REQUEST_CHANGES'): Promise<void> {
    const { number, evidenceSha } = pullRequest ?? { number: 0, evidenceSha: null };
    expect(await world.review('ravi-reviewer', number, event, evidenceSha ?? '')).toBe(200);
  }
  /** GitHub tells the time of a review in seconds, and of two in the same second the reject is taken as the later one. */
  async function nextSecond(): Promise<void> {
    const second = Math.floor(Date.now() / 1000);
    while (Math.floor(Date.now() / 1000) === second) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  /** Everything that was sent has rung. */
  async function heard(): Promise<void> {
    await world.at.github.control.webhooksSettled();
    await world.at.app.deliveries.settled();
  }
  const events = (run: string) => world.at.app.services.runs.events(run, 0, 1000);

  // gate: webhooks-bells
  describe('webhooks that come late, doubled and in another order', () => {
    test('the last vote at GitHub counts, once; the run ends once, and what comes after its end changes nothing', async () => {
      const waiting = await waitingRun('mended');
      const { id } = waiting.run;
      await heard();
      const send = world.at.github.control.holdWebhooks();
      await vote(waiting, 'REQUEST_CHANGES');
      await nextSecond();
      await vote(waiting, 'APPROVE');
      send({ isReversed: true });
      send({ isReversed: false });
      const ended = await world.until(id, hasEnded);
      expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
      const told = await events(id);
      expect(told.filter(({ message }) => message.endsWith('1 of 1 approvals count'))).toHaveLength(1);
      send({ isReversed: true });
      await heard();
      expect(await events(id)).toEqual(told);
      expect(world.at.github.control.countEffects()).toMatchObject({ 'pulls/create': 1, 'pulls/merge': 1 });
    });

    test('a wish for changes after an approval stands, though the approval is heard of last', async () => {
      const waiting = await waitingRun('doubted');
      const { id } = waiting.run;
      await heard();
      const send = world.at.github.control.holdWebhooks();
      await vote(waiting, 'APPROVE');
      await vote(waiting, 'REQUEST_CHANGES');
      send({ isReversed: true });
      await world.until(id, ({ run }) => run.ended || run.wait?.message.includes('rejects this change') === true);
      await heard();
      await world.call('cancel_run', { run: id, reason: 'It was rejected.' });
      const ended = await world.until(id, hasEnded);
      expect([ended.run.state, ended.pullRequest?.mergeSha]).toEqual(['canceled', null]);
    });
  });
});
