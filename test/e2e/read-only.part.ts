import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, startWorld, type World, waitsForApproval } from './world.js';

describe('read-only', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  /** As an operator does it, while everything runs. */
  function setReadOnly(isReadOnly: boolean): void {
    const file = join(world.folder, 'planwarden.yaml');
    const yaml = readFileSync(file, 'utf8').replace(/^readOnly: .*\n/m, '');
    writeFileSync(file, `${isReadOnly ? 'readOnly: true\n' : ''}${yaml}`);
  }

  test('a read-only installation tells everything, takes nothing, and goes on where it stood', async () => {
    const run = await world.propose();
    const waiting = await world.until(run, waitsForApproval);
    const person = await world.signIn('reviewer');
    const before = world.at.github.control.countEffects();
    setReadOnly(true);

    const refused = { code: 'READ_ONLY', remedy: expect.stringContaining('readOnly') };
    expect((await world.call('cancel_run', { run })).data).toMatchObject(refused);
    const template = { name: 'web-application', parameters: { name: 'b', image: 'a/b:1' } };
    const request = { target: 'staging', title: 'Another', template };
    expect((await world.call('propose_change', request)).data).toMatchObject(refused);
    const digest = waiting.approval?.subjectDigest;
    for (const [path, body] of [
      ['/api/v1/runs', request],
      [`/api/v1/runs/${run}/votes`, { subjectDigest: digest, decision: 'approve' }],
      [`/api/v1/runs/${run}/discard`, {}],
      [`/api/v1/runs/${run}/cancel`, {}],
    ] as const) {
      expect([path, await person('POST', path, body)]).toMatchObject([path, { status: 409, body: refused }]);
    }
    // Asked by policy's side too: a vote at GitHub arrives, and nothing is carried on.
    const { number = 0, evidenceSha } = waiting.pullRequest ?? {};
    expect(await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '')).toBe(200);
    await world.at.github.control.webhooksSettled();
    expect((await world.call('list_runs')).data).toMatchObject({ runs: [{ id: run, state: 'awaiting_approval' }] });
    expect((await world.call('get_run', { run })).isError).toBe(false);
    expect((await person('GET', `/api/v1/runs/${run}`)).status).toBe(200);
    expect(world.at.github.control.countEffects()['pulls/merge']).toBeUndefined();
    expect(world.at.github.control.countEffects()['pulls/create']).toBe(before['pulls/create']);

    setReadOnly(false);
    // The next look would find it too; the bell saves the wait.
    await world.at.app.bell.ring(run);
    expect((await world.until(run, hasEnded)).run).toMatchObject({ state: 'applied' });
  });
});
