import type { Attack, Tried } from '../attack.js';
import type { Answered } from '../stage.js';

/** Attacks on the bell. What they are after is to be heard: nothing is released by a bell alone. */

const heard = ({ status, body }: Answered): Tried => ({
  refusals: typeof body.code === 'string' ? [body.code] : [],
  gained: status === 202,
});
const approval = JSON.stringify({ action: 'submitted', review: { state: 'approved' } });
const TAKEN = 'planwarden_webhooks_total{outcome="taken"}';
const DUPLICATE = 'planwarden_webhooks_total{outcome="duplicate"}';

export const WEBHOOK_ATTACKS: readonly Attack[] = [
  {
    id: 'webhook-forged',
    tries: 'a delivery signed with another secret tells of an approval',
    guard: 'webhook-signature',
    refusal: 'SIGNATURE_INVALID',
    run: async (stage) => heard(await stage.deliver(approval, stage.sign(approval, 'a guess'))),
  },
  {
    id: 'webhook-changed',
    tries: 'a delivery that was signed is changed by one byte',
    guard: 'webhook-signature',
    refusal: 'SIGNATURE_INVALID',
    run: async (stage) => heard(await stage.deliver(`${approval} `, stage.sign(approval))),
  },
  {
    id: 'webhook-with-empty-secret',
    tries: 'a delivery is signed with no secret at all',
    guard: 'webhook-signature',
    refusal: 'SIGNATURE_INVALID',
    run: async (stage) => heard(await stage.deliver(approval, stage.sign(approval, ''))),
  },
  {
    id: 'webhook-replayed',
    tries: 'a delivery that was caught on the way is sent again and again, out of its order',
    guard: 'webhook-once',
    refusal: 'duplicate',
    run: async (stage) => {
      const body = JSON.stringify({ action: 'submitted', caught: stage.world.folder });
      await stage.deliver(body);
      await stage.deliver(JSON.stringify({ action: 'dismissed', later: stage.world.folder }));
      await stage.world.at.github.control.webhooksSettled();
      const [taken, doubled] = [await stage.metric(TAKEN), await stage.metric(DUPLICATE)];
      for (let time = 0; time < 5; time += 1) await stage.deliver(body);
      const wanted = stage.isGuardOff ? { name: TAKEN, from: taken } : { name: DUPLICATE, from: doubled };
      await stage.until(async () => (await stage.metric(wanted.name)) >= wanted.from + 5);
      return stage.isGuardOff ? { refusals: [], gained: true } : { refusals: ['duplicate'], gained: false };
    },
  },
  {
    id: 'webhook-flood',
    tries: 'deliveries come faster than anybody needs them',
    guard: 'webhook-rate',
    refusal: 'RATE_LIMITED',
    run: async (stage) => {
      const bodies = Array.from({ length: 600 }, (_, index) => JSON.stringify({ index }));
      const said = await Promise.all(bodies.map((body) => stage.deliver(body)));
      const refusals = [...new Set(said.flatMap(({ body }) => (typeof body.code === 'string' ? [body.code] : [])))];
      return { refusals, gained: said.every(({ status }) => status === 202) };
    },
  },
  {
    id: 'webhook-too-large',
    tries: 'a delivery of two megabytes',
    guard: 'webhook-size',
    refusal: 'BODY_TOO_LARGE',
    run: async (stage) => heard(await stage.deliver(JSON.stringify({ pad: 'x'.repeat(2 * 1024 * 1024) }))),
  },
];
