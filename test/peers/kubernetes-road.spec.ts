import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hasEnded, type Json, NGINX, startWorld, type World, waitsForApproval } from '../e2e/world.js';
import { APPLICATION_KIND, type Kubebox, objectsOf, startKubebox } from './kubebox.js';

let box: Kubebox;
let world: World;
let reader = '';
let dryRun = '';

/** The operator's application, under which every other of the target stands (see planwarden.yaml). */
const ROOT = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'staging-root', namespace: 'argocd' },
};

beforeAll(async () => {
  box = await startKubebox();
  await box.apply([
    APPLICATION_KIND,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } },
    ...objectsOf('deploy/kubernetes/access.yaml'),
  ]);
  reader = await box.tokenOf('planwarden', 'reader');
  dryRun = await box.tokenOf('planwarden', 'dry-run');
  world = await startWorld({
    cluster: {
      url: box.url,
      certificateAuthority: box.certificateAuthority,
      readerToken: reader,
      read: box.kubeconfig(reader),
      dryRun: box.kubeconfig(dryRun),
      argocd: box.admin,
    },
  });
  const root = world.at.kubernetes.control.get({ ...ROOT, ...ROOT.metadata });
  await box.apply([{ ...ROOT, spec: root?.spec } as never]);
}, 1_200_000);
afterAll(async () => {
  await world?.stop();
  await box?.stop();
});

/** To the end, approved by the reviewer. */
async function drive(parameters: Json) {
  const run = await world.propose(parameters);
  const waiting = await world.until(run, waitsForApproval);
  expect(waiting.run).toMatchObject({ state: 'awaiting_approval', outcome: null });
  const pull = waiting.pullRequest;
  expect(await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '')).toBe(200);
  return { waiting, ended: await world.until(run, hasEnded) };
}

test('the first road ends in pods that a real API server reports, read with no more than the shipped rights', async () => {
  const { waiting, ended } = await drive(NGINX);
  expect(waiting.plan?.text).toContain('5 to create, 0 to update, 0 to delete, 0 unchanged');
  expect(ended.run).toMatchObject({ state: 'applied' });
  expect(ended.verified).toEqual(['3 pods running (Deployment staging-nginx/nginx)']);
});

test('a change of what runs is planned as that change alone: what the server fills in by itself is no difference', async () => {
  const { waiting, ended } = await drive({ ...NGINX, replicas: 2 });
  expect(waiting.plan?.text).toContain('0 to create, 1 to update, 0 to delete');
  expect(waiting.plan?.text).toMatch(/spec\/replicas: 3 -> 2/);
  expect(ended.verified).toEqual(['2 pods running (Deployment staging-nginx/nginx)']);
});

test('the account of dry runs cannot write, nor can the reader try', async () => {
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'staging-nginx' } };
  await expect(box.applyAs(dryRun, settings)).resolves.toBe(403);
  await expect(box.applyAs(dryRun, settings, { dryRun: true })).resolves.toBe(201);
  await expect(box.applyAs(reader, settings, { dryRun: true })).resolves.toBe(403);
});
