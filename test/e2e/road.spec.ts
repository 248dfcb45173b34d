import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, startWorld, type World, waitsForApproval } from './world.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world.stop();
});

describe('the road of one change', () => {
  test('from a request over MCP to "3 pods running", approved by a review', async () => {
    const run = await world.propose();
    const waiting = await world.until(run, waitsForApproval);
    expect(waiting.run).toMatchObject({ state: 'awaiting_approval', ended: false, round: 1 });
    expect(waiting.plan?.text).toContain('+ create Deployment staging-nginx/nginx');
    const pull = waiting.pullRequest;
    // Phase approval says no while votes are missing, and explain_decision tells by which rule.
    const denied = waiting.decisions.find((one) => one.phase === 'approval');
    expect(denied?.allow).toBe(false);
    const explained = (await world.call('explain_decision', { decision: denied?.id ?? '' })).data as {
      rules: { id: string; fired: boolean }[];
    };
    expect(explained.rules.filter((rule) => rule.fired).map((rule) => rule.id)).toEqual(['votes-below-quorum']);
    expect(await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '')).toBe(200);
    const ended = await world.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect(ended.verified).toEqual(['3 pods running (Deployment staging-nginx/nginx)']);
    expect(ended.steps.every((step) => step.state === 'done')).toBe(true);
    expect(ended.summary).toContain('Approved by reviewer.');
    expect(ended.findings).toEqual([]);
    expect([...new Set(ended.decisions.map((one) => one.phase))].sort()).toEqual([
      'approval',
      'call',
      'plan',
      'source',
      'verify',
    ]);

    const merge = await world.at.app.services.sourceControl(world.at.app.services.config.target('staging'));
    const commit = await merge.commit(ended.pullRequest?.mergeSha ?? '');
    expect(commit.parents).toContain(pull?.evidenceSha);

    const { data } = await world.call('search_infrastructure', { text: 'nginx', kind: 'Deployment' });
    expect(data.resources).toMatchObject([
      { id: 'k8s:staging:apps/Deployment:staging-nginx:nginx', provenance: { source: 'run', run } },
    ]);
    expect(world.at.github.control.countEffects()).toMatchObject({ 'pulls/create': 1, 'pulls/merge': 1 });
  });

  test('the same again changes nothing and says so', async () => {
    const run = await world.propose();
    const ended = await world.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'errored', outcome: { code: 'FILES_UNCHANGED' } });
  });
});
