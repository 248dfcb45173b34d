import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from '../e2e/world.js';

describe('webhooks out of order', () => {
  /**
   * Nobody looks by himself within a test, unless it says so: what a run hears it hears by webhook. Lost reviews:
   * changed-world.part.ts.
   */
  const NEVER_MS = 3_600_000;
  const poll = { firstMs: NEVER_MS, longestMs: NEVER_MS };
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ poll });
  });
  afterAll(() => world.stop());

  const waitingRun = async (name: string): Promise<RunSeen> =>
    world.until(await world.propose({ ...NGINX, name }), waitsForApproval);
  type Decision = 'approve' | 'reject';
  /** The roads of a vote at GitHub. */
  const ROADS: Readonly<Record<string, (seen: RunSeen, decision: Decision) => Promise<void>>> = {
    review: async ({ pullRequest }, decision) => {
      const { number, evidenceSha } = pullRequest ?? { number: 0, evidenceSha: null };
      const event = decision === 'approve' ? 'APPROVE' : 'REQUEST_CHANGES';
      expect(await world.review('ravi-reviewer', number, event, evidenceSha ?? '')).toBe(200);
    },
    comment: async ({ pullRequest, approval }, decision) => {
      const digits = approval?.subjectDigest.replace('sha256:', '').slice(0, 12);
      const said = `/planwarden ${decision} ${digits}`;
      expect(await world.comment('ravi-reviewer', pullRequest?.number ?? 0, said)).toBeGreaterThan(0);
    },
  };
  /** GitHub tells the time of a vote in seconds, and of two in the same second the reject is taken as the later one. */
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
  const counts = /\d+ of 1 approvals count/;

  // gate: webhooks-bells
  describe.each(Object.entries(ROADS))(
    'webhooks of a %s that come late, doubled and in another order',
    (road, vote) => {
      test('the last vote at GitHub counts, once; the run ends once, and what comes after its end changes nothing', async () => {
        const waiting = await waitingRun(`mended-${road}`);
        const { id } = waiting.run;
        await heard();
        const before = world.at.github.control.countEffects();
        const send = world.at.github.control.holdWebhooks();
        await vote(waiting, 'reject');
        await nextSecond();
        await vote(waiting, 'approve');
        send({ isReversed: true });
        send({ isReversed: false });
        const ended = await world.until(id, hasEnded);
        expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
        const told = await events(id);
        expect(told.filter(({ message }) => counts.test(message))).toHaveLength(1);
        send({ isReversed: true });
        await heard();
        expect(await events(id)).toEqual(told);
        const after = world.at.github.control.countEffects();
        const times = (effect: string): number => (after[effect] ?? 0) - (before[effect] ?? 0);
        expect([times('pulls/create'), times('pulls/merge')]).toEqual([0, 1]);
      });

      test('a reject after an approval stands, though the approval is heard of last', async () => {
        const waiting = await waitingRun(`doubted-${road}`);
        const { id } = waiting.run;
        await heard();
        const send = world.at.github.control.holdWebhooks();
        await vote(waiting, 'approve');
        await vote(waiting, 'reject');
        send({ isReversed: true });
        await world.until(id, ({ run }) => run.ended || run.wait?.message.includes('rejects this change') === true);
        await heard();
        await world.call('cancel_run', { run: id, reason: 'It was rejected.' });
        const ended = await world.until(id, hasEnded);
        expect([ended.run.state, ended.pullRequest?.mergeSha]).toEqual(['canceled', null]);
      });
    },
  );

  test('an approval by comment that is heard of when its round is over counts for nothing; one of the new round does', async () => {
    const first = await waitingRun('late');
    const { id } = first.run;
    await heard();
    const send = world.at.github.control.holdWebhooks();
    await ROADS.comment?.(first, 'approve');
    await world.at.github.control.push({
      repository: 'platform/infrastructure',
      branch: first.pullRequest?.branch ?? '',
      files: { 'environments/staging/late/note.yaml': '# One more thing.\n' },
      login: 'olivia-owner',
    });
    // The push is heard of first, then the vote that is no longer about what stands there.
    send({ isReversed: true });
    const second = await world.until(id, (seen) => seen.run.ended || (seen.run.round === 2 && waitsForApproval(seen)));
    await heard();
    send({ isReversed: false });
    await heard();
    expect([second.run.state, second.run.outcome]).toEqual(['awaiting_approval', null]);
    await ROADS.comment?.(second, 'approve');
    const ended = await world.until(id, hasEnded);
    expect([ended.run.state, ended.run.round, ended.run.outcome]).toEqual(['applied', 2, null]);
    const told = (await events(id)).filter(({ message }) => counts.test(message));
    expect(told.map(({ round }) => round)).toEqual([2]);
  });

  // gate: webhooks-bells
  test('an approval by comment whose webhook is lost is found by asking, and is told of in vain when it comes after all', async () => {
    const { control } = world.at.github;
    const first = control.deliveries().length;
    poll.firstMs = 500;
    const send = control.holdWebhooks();
    try {
      const waiting = await waitingRun('quiet-comment');
      await ROADS.comment?.(waiting, 'approve');
      const ended = await world.until(waiting.run.id, hasEnded);
      expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
      const made = control.deliveries().slice(first);
      expect(made.map(({ event }) => event)).toContain('issue_comment');
      expect(made.filter(({ status }) => status !== null)).toEqual([]);
      const told = await events(waiting.run.id);
      send({ isReversed: false });
      await heard();
      expect(await events(waiting.run.id)).toEqual(told);
    } finally {
      poll.firstMs = NEVER_MS;
    }
  });
});
