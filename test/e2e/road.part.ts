import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, NGINX, startWorld, type World, waitsForApproval } from './world.js';

describe('the road', () => {
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

    test('manifests of the agent in the folder of an application are applied; elsewhere they are refused', async () => {
      const config = (namespace: string) =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, namespace: ${namespace} }\ndata: { colour: blue }\n`;
      const ask = async (path: string) =>
        String(
          (
            await world.call('propose_change', {
              target: 'staging',
              title: 'Settings for nginx',
              files: [{ path, content: config('staging-nginx') }],
            })
          ).data.run,
        );
      const lost = await world.until(await ask('elsewhere/settings.yaml'), hasEnded);
      expect(lost.run).toMatchObject({ state: 'errored', outcome: { code: 'MANIFEST_INVALID' } });
      expect(lost.run.outcome?.message).toContain('environments/staging/elsewhere/settings.yaml');

      const run = await ask('nginx/settings.yaml');
      const waiting = await world.until(run, waitsForApproval);
      expect(waiting.plan?.text).toContain('1 to create, 0 to update, 0 to delete, 0 unchanged');
      const reviewer = await world.signIn('reviewer');
      const voted = await reviewer('POST', `/api/v1/runs/${run}/votes`, {
        subjectDigest: waiting.approval?.subjectDigest,
        decision: 'approve',
      });
      expect(voted.status).toBe(201);
      expect((await world.until(run, hasEnded)).run.state).toBe('applied');
      const live = world.at.kubernetes.control.get({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'staging-nginx',
        name: 'settings',
      });
      expect(live).toMatchObject({ data: { colour: 'blue' } });
    });

    test('a plan that deletes is over the ceiling of the persona: refused after the plan, closed, nothing deleted', async () => {
      const { data } = await world.call('propose_change', {
        target: 'staging',
        title: 'Take the settings away',
        deletions: ['nginx/settings.yaml'],
      });
      const ended = await world.until(String(data.run), hasEnded);
      expect(ended.run).toMatchObject({ state: 'policy_failed' });
      expect(ended.plan?.text).toContain('0 to create, 0 to update, 1 to delete, 0 unchanged');
      expect(ended.findings).toEqual([
        expect.objectContaining({ rule: 'risk-ceiling', message: 'Persona devops may not delete ConfigMap.' }),
      ]);
      const denied = ended.decisions.filter(({ allow }) => !allow);
      expect(denied).toEqual([expect.objectContaining({ phase: 'plan' })]);
      const told = await world.call('explain_decision', { decision: denied[0]?.id });
      expect(JSON.stringify(told.data)).toContain('risk-ceiling');
      const pull = await fetch(
        `${world.at.github.url}/repos/platform/infrastructure/pulls/${ended.pullRequest?.number}`,
        { headers: { authorization: `Bearer ${world.at.secrets.gitReader}` } },
      );
      expect(await pull.json()).toMatchObject({ state: 'closed', merged: false });
      const live = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'staging-nginx', name: 'settings' };
      expect(world.at.kubernetes.control.get(live)).toMatchObject({ data: { colour: 'blue' } });
    });

    test('an update is planned field by field, without the marks that only the cluster adds', async () => {
      const run = await world.propose({ ...NGINX, replicas: 2 });
      const waiting = await world.until(run, waitsForApproval);
      expect(waiting.plan?.text).toContain('0 to create, 1 to update, 0 to delete, 0 unchanged');
      expect(waiting.plan?.text).toContain('~ /spec/replicas: 3 -> 2');
      const pull = waiting.pullRequest;
      await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '');
      const ended = await world.until(run, hasEnded);
      expect([ended.run.state, ended.verified]).toEqual([
        'applied',
        ['2 pods running (Deployment staging-nginx/nginx)'],
      ]);
    });
  });
});
