import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createPool } from '@planwarden/database';
import { hasEnded, NGINX, startWorld, type World, waitsForApproval } from './world.js';

describe('webhooks', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const sign = (body: string, secret = world.at.secrets.webhookSecret) =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const deliver = async (body: string, signature?: string) => {
    const headers = { 'content-type': 'application/json', ...(signature ? { 'x-hub-signature-256': signature } : {}) };
    const answer = await fetch(`${world.url}/webhooks/github`, { method: 'POST', body, headers });
    const text = await answer.text();
    return [answer.status, text === '' ? null : (JSON.parse(text) as { code: string }).code];
  };
  async function counted(outcome: string): Promise<number> {
    // What an earlier test made happen at GitHub is on its way as well.
    await world.at.github.control.webhooksSettled();
    await world.at.app.deliveries.settled();
    const text = await (await fetch(`${world.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`planwarden_webhooks_total{outcome="${outcome}"}`));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  describe('a delivery', () => {
    test('is taken when GitHub signed these very bytes; again, it rings no bell', async () => {
      await world.until(await world.propose(), waitsForApproval);
      const [taken, doubled] = [await counted('taken'), await counted('duplicate')];
      const body = '{"zen":"one"}';
      expect(await deliver(body, sign(body))).toEqual([202, null]);
      expect(await deliver(body, sign(body))).toEqual([202, null]);
      expect([await counted('taken'), await counted('duplicate')]).toEqual([taken + 1, doubled + 1]);
    });

    test.each([
      ['without a signature', () => undefined],
      ['with a signature that is none', () => 'sha256=00'],
      ['signed with another secret', (body: string) => sign(body, 'another')],
      ['signed over other bytes', (body: string) => sign(`${body} `)],
    ])('%s is refused', async (_, signature) => {
      const body = '{"zen":"two"}';
      expect(await deliver(body, signature(body))).toEqual([401, 'SIGNATURE_INVALID']);
    });

    test('that is no JSON is signed all the same, and taken', async () => {
      expect(await deliver('{{{', sign('{{{'))).toEqual([202, null]);
    });

    test('over the limit is refused before it is checked', async () => {
      const body = JSON.stringify({ pad: 'x'.repeat(1024 * 1024) });
      expect(await deliver(body, sign(body))).toEqual([413, 'BODY_TOO_LARGE']);
    });

    test('without a signature is answered before its body has come', async () => {
      const status = await new Promise<number>((resolve, reject) => {
        const sent = request(`${world.url}/webhooks/github`, {
          method: 'POST',
          headers: { 'content-length': '100000' },
        });
        sent.once('response', (answer) => {
          resolve(answer.statusCode ?? 0);
          sent.destroy();
        });
        sent.once('error', reject);
        sent.write('{');
      });
      expect(status).toBe(401);
    });
  });

  test('rings for the run whose branch it names, for every waiting run where it names none, for nobody else', async () => {
    const runs = await Promise.all(['one', 'two'].map((name) => world.propose({ ...NGINX, name })));
    await Promise.all(runs.map((run) => world.until(run, waitsForApproval)));
    await world.at.github.control.webhooksSettled();
    await world.at.app.deliveries.settled();
    const woken: string[] = [];
    const wake = jest.spyOn(world.at.app.services.runs, 'wake').mockImplementation(async (run) => void woken.push(run));
    const rungBy = async (payload: object): Promise<string[]> => {
      woken.length = 0;
      const body = JSON.stringify(payload);
      expect(await deliver(body, sign(body))).toEqual([202, null]);
      await world.at.app.deliveries.settled();
      return [...woken];
    };
    try {
      const [one = '', two = ''] = runs;
      const branch = (run: string): string => `planwarden/${run}`;
      expect(await rungBy({ pull_request: { head: { ref: branch(one) } } })).toEqual([one]);
      expect(await rungBy({ ref: `refs/heads/${branch(two)}` })).toEqual([two]);
      expect(await rungBy({ check_run: { check_suite: { head_branch: branch(one) } } })).toEqual([one]);
      expect(await rungBy({ ref: 'refs/heads/main' })).toEqual(expect.arrayContaining(runs));
      // What is still under way looks by itself, and is nobody else's matter.
      const underWay = branch(`run_${'0'.repeat(32)}`);
      expect(await rungBy({ ref: `refs/heads/${underWay}` })).toEqual([]);
    } finally {
      wake.mockRestore();
    }
    await Promise.all(
      runs.map(async (run) => {
        await world.call('cancel_run', { run });
        await world.until(run, hasEnded);
      }),
    );
  });

  test('the answer waits for nothing: it comes while the database lets nobody write', async () => {
    const taken = await counted('taken');
    const pool = createPool({ connectionString: world.at.connectionString, max: 1 });
    const client = await pool.connect();
    await client.query('BEGIN; LOCK TABLE webhook_deliveries IN ACCESS EXCLUSIVE MODE');
    const body = '{"zen":"held"}';
    expect(await deliver(body, sign(body))).toEqual([202, null]);
    await client.query('COMMIT');
    client.release();
    await pool.end();
    expect(await counted('taken')).toBe(taken + 1);
  });

  test('forged ones, and then even signed ones, are limited; what is over the limit is named', async () => {
    // The clock of the limits stands still: else a machine under load sends no faster than they let through.
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    try {
      const forged = new Set<unknown>();
      for (let sent = 0; sent < 21; sent += 1) forged.add((await deliver('{}', sign('{}', 'wrong')))[1]);
      expect([...forged]).toEqual(['SIGNATURE_INVALID', 'RATE_LIMITED']);
      const body = (index: number) => JSON.stringify({ index });
      const answers = await Promise.all(Array.from({ length: 121 }, (_, at) => deliver(body(at), sign(body(at)))));
      expect(new Set(answers.map(([status]) => status))).toEqual(new Set([202, 429]));
    } finally {
      clock.mockRestore();
    }
  });
});
