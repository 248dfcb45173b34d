import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool } from '@planwarden/database';
import { hasEnded, type Json, NGINX, startWorld, type World, waitsForApproval } from './world.js';

describe('locks and limits', () => {
  /** What needs no terraform: the queue of a stack is in test/peers/terraform-locks.spec.ts. */
  let world: World;
  /** While set, whoever is about to act on the outside waits for it: of two that await approval, the one that merges. */
  let beforeMerge: Promise<void> | undefined;
  let goOn = (): void => undefined;
  beforeAll(async () => {
    world = await startWorld(
      {
        faults: {
          at: async (point) => {
            if (point === 'runs:effect:intended') await beforeMerge;
          },
        },
      },
      undefined,
      (yaml) =>
        yaml
          .replace('targets: [staging]\n', 'targets: [staging]\n    limits: { openRuns: 3, runsAnHour: 4 }\n')
          .replace('roles: { staging: approver }\n\nagents', 'roles: { staging: viewer }\n\nagents')
          .replace(
            'agents:',
            `  - id: approver
    name: Ana Approver
    github: { id: 1003, login: ana-approver }
    persona: sre
    roles: { staging: [approver] }

agents:`,
          ),
    );
  });
  afterEach(() => goOn());
  afterAll(() => world.stop());

  const approve = async (run: string): Promise<void> => {
    const { pullRequest } = await world.until(run, waitsForApproval);
    await world.review('ana-approver', pullRequest?.number ?? 0, 'APPROVE', pullRequest?.evidenceSha ?? '');
  };
  const LOCK = 'gitops:platform/infrastructure:environments/staging';

  test('a second change below the same path waits where everybody sees it, and goes on when the first is done', async () => {
    const [one, two] = [
      await world.propose(),
      await world.propose({ ...NGINX, name: 'echo', image: 'nginxinc/nginx-unprivileged:1.27.3' }),
    ];
    // Both: whoever still has effects to make before his votes would be held below with them.
    await world.until(one, waitsForApproval);
    await world.until(two, waitsForApproval);
    beforeMerge = new Promise((resolve) => {
      goOn = resolve;
    });
    await approve(one);
    await world.until(one, ({ run }) => run.step === 'merge');
    await approve(two);
    const waiting = await world.until(two, ({ run }) => run.ended || run.wait?.reason === 'lock');
    expect(waiting.run.wait?.message).toContain(`${one} holds the lock ${LOCK} since 2`);
    const queue = [{ run: two, since: expect.any(String) }];
    const seen = { name: LOCK, holder: one, since: expect.any(String), kept: null, queue };
    expect(waiting).toMatchObject({ locks: [seen] });
    const listed = await world.call('list_runs');
    expect(listed.data).toMatchObject({ runs: expect.arrayContaining([expect.objectContaining({ id: two })]) });
    const owner = await world.signIn('owner');
    expect(await owner('GET', '/api/v1/locks')).toEqual({ status: 200, body: { locks: [seen] } });
    // What a run under way holds is nobody's to release.
    const early = await owner('POST', `/api/v1/runs/${one}/release-locks`, { reason: 'hurry' });
    expect(early).toMatchObject({ status: 409, body: { code: 'LOCK_NOT_KEPT' } });
    goOn();
    expect((await world.until(one, hasEnded)).run.state).toBe('applied');
    // Round 2: what the first one merged moved the base.
    const after = await world.until(two, ({ run }) => run.ended || (run.round > 1 && run.wait?.reason === 'approval'));
    expect(after.run).toMatchObject({ round: 2, ended: false });
    // Who only waits for votes stands in nobody's way.
    expect(after).toMatchObject({ locks: [] });
    await world.call('cancel_run', { run: two });
    await world.until(two, hasEnded);
  });

  describe('what a failed apply has kept', () => {
    test('is released by whoever may approve there, with a reason, and by nobody else', async () => {
      const [one] = [await world.propose({ ...NGINX, name: 'third' })];
      await world.until(one, waitsForApproval);
      const [viewer, approver] = [await world.signIn('reviewer'), await world.signIn('approver')];
      // Nor is it a viewer's to cancel: it is the requester's, and of whoever may vote.
      const message = 'only people with a role that votes in the environment staging decide here';
      const strange = { status: 403, body: { code: 'VOTER_LACKS_ROLE', message } };
      expect(await viewer('POST', `/api/v1/runs/${one}/cancel`, {})).toMatchObject(strange);
      expect(await approver('POST', `/api/v1/runs/${one}/cancel`, {})).toMatchObject({ status: 202 });
      await world.until(one, hasEnded);
      const pool = createPool({ connectionString: world.at.connectionString, max: 1 });
      await pool.query(`INSERT INTO run_locks (name, run, kept) VALUES ('terraform:web', $1, 'an apply failed')`, [
        one,
      ]);
      await pool.end();
      const path = `/api/v1/runs/${one}/release-locks`;
      expect(await viewer('POST', path, { reason: 'mine' })).toMatchObject(strange);
      expect(await approver('POST', path, {})).toMatchObject({ status: 400 });
      const body: Json = { released: ['terraform:web'] };
      expect(await approver('POST', path, { reason: 'looked at it' })).toEqual({ status: 200, body });
      const { data } = await world.call('get_run_log', { run: one });
      expect(JSON.stringify(data)).toContain('person:approver released what this run had kept (terraform:web)');
      const agent = await fetch(`${world.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${world.agentToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'me' }),
      });
      expect(agent.status).toBe(403);
    });
  });

  test('a token begins no more runs than its limits allow, and is told which', async () => {
    const asked = async (): Promise<Json> => {
      const template = { name: 'web-application', parameters: { ...NGINX, name: 'more' } };
      return (await world.call('propose_change', { target: 'staging', title: 'More', template })).data;
    };
    // Three were asked for above.
    expect(await asked()).toHaveProperty('run');
    expect(await asked()).toMatchObject({ code: 'RUN_LIMIT_REACHED', where: { field: 'limits.runsAnHour' } });
  });
});
