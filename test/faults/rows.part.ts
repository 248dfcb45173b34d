import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, type Json, NGINX, startWorld, type World, waitsForApproval } from '../e2e/world.js';
import { watchWrites } from '../e2e/writes.js';

/** What people do at GitHub in this file. */
const OF_PEOPLE = ['pulls/create', 'pulls/create-review'];

describe('what a run writes at GitHub', () => {
  const writes = watchWrites();
  let world: World;
  beforeAll(async () => {
    const security = (yaml: string): string => yaml.replace('persona: sre', 'persona: security');
    world = await startWorld({ faults: writes.faults }, undefined, security);
    writes.begin(world);
  });
  afterAll(() => world.stop());

  test('lies within an effect or a telling, each of which has its row: applied, and canceled after a vote was asked for', async () => {
    const applied = await world.until(await world.propose({ ...NGINX, name: 'rows' }), waitsForApproval);
    const { number, evidenceSha } = applied.pullRequest ?? { number: 0, evidenceSha: null };
    expect(await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '')).toBe(200);
    expect((await world.until(applied.run.id, hasEnded)).run.state).toBe('applied');
    const canceled = await world.propose({ ...NGINX, name: 'no-rows' });
    await world.until(canceled, waitsForApproval);
    await world.call('cancel_run', { run: canceled, reason: 'It is not wanted.' });
    expect((await world.until(canceled, hasEnded)).run.state).toBe('canceled');
    expect(writes.strays(OF_PEOPLE)).toEqual([]);
    expect(world.at.github.control.countEffects()).toMatchObject({ 'pulls/merge': 1, 'issues/create-comment': 1 });
  });

  test('so does what a review writes', async () => {
    const branch = 'people/reviewed';
    const sha = await world.at.github.control.push({
      repository: 'platform/infrastructure',
      branch,
      files: { 'environments/staging/reviewed/map.yaml': CONFIG_MAP },
      login: 'olivia-owner',
    });
    const answer = await fetch(`${world.at.github.url}/repos/platform/infrastructure/pulls`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${world.at.secrets.people['olivia-owner']}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ title: branch, head: branch, base: 'main' }),
    });
    const { number } = (await answer.json()) as Json;
    const asked = { target: 'staging', title: 'Look', persona: 'security', pullRequest: { number, sha } };
    const run = String((await world.call('propose_change', asked)).data.run);
    expect((await world.until(run, hasEnded)).run.state).toBe('reviewed');
    expect(writes.strays(OF_PEOPLE)).toEqual([]);
  });
});

const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata: { name: reviewed, namespace: staging-shop }
data: { colour: blue }
`;
