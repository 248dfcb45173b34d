import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, type Json, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from './world.js';

describe('a world that changes', () => {
  let world: World;
  beforeAll(async () => {
    // The base branch demands a review of its own here, as many repositories do.
    world = await startWorld({ seed: { requiredReviews: 1 }, poll: { firstMs: 500, longestMs: 2000 } });
  });
  afterAll(async () => {
    await world.stop();
  });

  const waitingRun = async (name: string): Promise<RunSeen> =>
    world.until(await world.propose({ ...NGINX, name }), waitsForApproval);
  const approve = ({ pullRequest }: RunSeen) =>
    world.review('ravi-reviewer', pullRequest?.number ?? 0, 'APPROVE', pullRequest?.evidenceSha ?? '');
  const inRound = (round: number) => (seen: RunSeen) =>
    seen.run.ended || (seen.run.round === round && waitsForApproval(seen));
  /** Why rounds ended, by the run's log. */
  async function roundsOf(run: string): Promise<unknown[]> {
    const rest = await world.signIn('reviewer');
    const { body } = await rest('GET', `/api/v1/runs/${run}/log`);
    return (body.events as Json[]).filter(({ kind }) => kind === 'run:round').map(({ code }) => code);
  }

  describe('what is read again after the vote', () => {
    test('a vote in our pages waits for the review that the base branch demands, and says so', async () => {
      const waiting = await waitingRun('blocked');
      const rest = await world.signIn('reviewer');
      const voted = await rest('POST', `/api/v1/runs/${waiting.run.id}/votes`, {
        subjectDigest: waiting.approval?.subjectDigest,
        decision: 'approve',
      });
      expect(voted.status).toBe(201);
      const blocked = await world.until(
        waiting.run.id,
        ({ run }) => run.ended || (run.wait?.message.includes('GitHub would not take this merge') ?? false),
      );
      expect(blocked.run).toMatchObject({ state: 'awaiting_approval', ended: false, round: 1 });
      expect(await approve(waiting)).toBe(200);
      const ended = await world.until(waiting.run.id, hasEnded);
      expect([ended.run.state, ended.run.round]).toEqual(['applied', 1]);
    });

    test('our block of the pull request text was edited: the vote on what it said no longer counts', async () => {
      const first = await waitingRun('edited');
      const at = `${world.at.github.url}/repos/platform/infrastructure/pulls/${first.pullRequest?.number}`;
      const headers = { authorization: `Bearer ${world.at.secrets.people['ravi-reviewer']}` };
      const before = (await (await fetch(at, { headers })).json()) as { body: string };
      const body = before.body.replace('1.27.3', '1.27.9');
      expect(body).not.toBe(before.body);
      expect((await fetch(at, { method: 'PATCH', headers, body: JSON.stringify({ body }) })).status).toBe(200);
      expect(await approve(first)).toBe(200);
      const second = await world.until(first.run.id, inRound(2));
      expect(second.run).toMatchObject({ state: 'awaiting_approval', round: 2 });
      expect(await roundsOf(first.run.id)).toEqual(['PR_TEXT_EDITED']);
      const after = (await (await fetch(at, { headers })).json()) as { body: string };
      expect(after.body).toContain('1.27.3');
      expect(after.body).not.toContain('1.27.9');
    });

    test('an object appeared in the cluster that the plan would have created: planned and voted again', async () => {
      const first = await waitingRun('early');
      world.at.kubernetes.control.apply(
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'staging-early', labels: { by: 'hand' } } },
        'somebody',
      );
      expect(await approve(first)).toBe(200);
      const second = await world.until(first.run.id, inRound(2));
      expect(second.run).toMatchObject({ state: 'awaiting_approval', round: 2 });
      expect(await roundsOf(first.run.id)).toEqual(['LIVE_CHANGED']);
      expect(first.plan?.text).toContain('0 to update');
      expect(second.plan?.text).toContain('1 to update');
      expect(await approve(second)).toBe(200);
      expect((await world.until(first.run.id, hasEnded)).run.state).toBe('applied');
    });
  });

  // gate: neutral-keeps
  test('facts that changed are judged again: what weighs nothing keeps the votes, what denies voids them', async () => {
    const first = await waitingRun('facts');
    expect(await approve(first)).toBe(200);
    expect((await world.until(first.run.id, hasEnded)).run.state).toBe('applied');
    const hang = (count: number) => {
      for (let place = 0; place < count; place += 1) {
        const metadata = { name: `by-hand-${place}`, namespace: 'staging-facts' };
        const spec = { selector: { 'app.kubernetes.io/name': 'facts' }, ports: [{ port: 80 }] };
        world.at.kubernetes.control.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec }, 'somebody');
      }
    };
    const change = async (replicas: number) =>
      world.until(await world.propose({ ...NGINX, name: 'facts', replicas }), waitsForApproval);
    const judged = ({ decisions }: RunSeen) =>
      decisions.filter(({ phase }) => phase === 'plan').map(({ allow }) => allow);

    const second = await change(2);
    expect(judged(second)).toEqual([true]);
    hang(1);
    expect(await approve(second)).toBe(200);
    const kept = await world.until(second.run.id, hasEnded);
    expect([kept.run.state, kept.run.round, judged(kept)]).toEqual(['applied', 1, [true, true]]);

    const third = await change(1);
    // More than the persona may affect.
    hang(30);
    expect(await approve(third)).toBe(200);
    const denied = await world.until(third.run.id, hasEnded);
    expect([denied.run.state, denied.run.outcome?.code]).toEqual(['policy_failed', 'POLICY_DENIED']);
    expect(await roundsOf(third.run.id)).toEqual(['FACTS_CHANGED']);
    expect(denied.findings).toContainEqual(expect.objectContaining({ rule: 'risk-ceiling' }));
  });

  // gate: webhooks-bells
  test('webhooks are only a bell: with every one of them lost the review is found by asking', async () => {
    const { control } = world.at.github;
    const first = control.deliveries().length;
    control.loseWebhooks(true);
    try {
      const waiting = await waitingRun('quiet');
      expect(await approve(waiting)).toBe(200);
      expect((await world.until(waiting.run.id, hasEnded)).run.state).toBe('applied');
      const made = control.deliveries().slice(first);
      expect(made.map(({ event }) => event)).toContain('pull_request_review');
      expect(made.filter(({ status }) => status !== null)).toEqual([]);
    } finally {
      control.loseWebhooks(false);
    }
  });

  describe('what runs is not what was approved', () => {
    const OTHER = 'registry.example.test/lookalike/nginx:1.27.3';
    const withOtherImage = (pod: Json): Json => {
      const spec = pod.spec as { containers: Json[] };
      return { ...pod, spec: { ...spec, containers: spec.containers.map((one) => ({ ...one, image: OTHER })) } };
    };

    test.each([
      ['every pod', 'all', 3],
      ['one pod of three', 'one', 1],
    ])('%s runs another image, put there on its way in: verify_failed by rule', async (_, name, pods) => {
      const waiting = await waitingRun(name);
      let changed = 0;
      world.at.kubernetes.control.setPodMutation((pod) => {
        if (pod.metadata.namespace !== `staging-${name}`) return pod;
        changed += 1;
        return changed <= pods ? (withOtherImage(pod as unknown as Json) as unknown as typeof pod) : pod;
      });
      try {
        expect(await approve(waiting)).toBe(200);
        const ended = await world.until(waiting.run.id, hasEnded);
        expect(ended.run).toMatchObject({ state: 'verify_failed' });
        expect(ended.findings).toContainEqual(expect.objectContaining({ rule: 'image-differs', severity: 'critical' }));
        expect(ended.decisions.filter(({ allow }) => !allow).at(-1)).toMatchObject({ phase: 'verify' });
        expect(ended.verified).toEqual([]);
      } finally {
        world.at.kubernetes.control.setPodMutation(undefined);
      }
    });
  });
});
