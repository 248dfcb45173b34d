import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '@kubernetes/client-node';
import { type StackFile, StackRunner } from '@planwarden/terraform';
import { type Kubebox, startKubebox } from './kubebox.js';

const load = async <T>(path: string): Promise<T> => (await import(new URL(path, import.meta.url).href)) as T;
const { findTerraform, ensureOpenTofu } = await load<{
  findTerraform(): string | undefined;
  ensureOpenTofu(): string;
}>('../../scripts/peers/terraform.mjs');
const { ensureKubernetesProvider, TERRAFORM_KUBERNETES_VERSION } = await load<{
  ensureKubernetesProvider(): string;
  TERRAFORM_KUBERNETES_VERSION: string;
}>('../../scripts/peers/terraform-kubernetes.mjs');

const binaries: [string, () => string][] = [
  ['tofu', ensureOpenTofu],
  ...(findTerraform() === undefined ? [] : [['terraform', () => findTerraform() ?? ''] as [string, () => string]]),
];

let box: Kubebox;
let folder = '';
let mirror = '';
beforeAll(async () => {
  box = await startKubebox();
  folder = mkdtempSync(join(tmpdir(), 'planwarden-terraform-kubernetes-'));
  chmodSync(folder, 0o711);
  // Another user runs Terraform: it must reach the packages.
  mirror = join(folder, 'mirror');
  cpSync(ensureKubernetesProvider(), mirror, { recursive: true });
  await box.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'terraform' } }]);
}, 1_200_000);
afterAll(async () => {
  await box?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const settings = (name: string, key: string): StackFile[] => [
  {
    path: 'main.tf',
    content: `terraform {
  required_providers {
    kubernetes = { source = "hashicorp/kubernetes", version = "${TERRAFORM_KUBERNETES_VERSION}" }
  }
}

resource "kubernetes_config_map" "settings" {
  metadata {
    name      = "${name}"
    namespace = "terraform"
  }
  data = { colour = "${key}" }
}
`,
  },
];

describe.each(binaries)('the Kubernetes provider and its state, with %s', (name, ensure) => {
  const stack = `web-${name}`;
  let runner: StackRunner;
  const runnerWith = (kubeconfig: string): StackRunner =>
    new StackRunner({
      binary: ensure(),
      workFolder: join(folder, 'work'),
      stateFolder: join(folder, 'states'),
      mirror,
      state: { kind: 'kubernetes', namespace: 'terraform', secretSuffix: stack, kubeconfig: () => kubeconfig },
      providers: [{ source: 'hashicorp/kubernetes', credentials: { config_path: () => kubeconfig } }],
    });
  beforeAll(() => {
    mkdirSync(join(folder, 'work'), { recursive: true, mode: 0o711 });
    runner = runnerWith(box.admin);
  }, 1_200_000);
  const lease = `lock-tfstate-default-${stack}`;
  const request = { stack, files: settings(stack, 'blue') };

  test('plans, applies exactly that, and keeps the state in the cluster', async () => {
    const { plan, planFile } = await runner.plan(request);
    // This backend writes an empty state at its first use.
    expect(plan).toMatchObject({ summary: { create: 1 }, state: { serial: 1, lineage: expect.stringMatching(/./) } });
    const later = await runner.plan(request);
    expect(later.plan.digest).toBe(plan.digest);
    const applied = await runner.apply({ ...request, planFile, approved: plan });
    expect(applied).toMatchObject({ resources: [{ address: 'kubernetes_config_map.settings' }] });
    expect(await box.read(`/api/v1/namespaces/terraform/configmaps/${stack}`)).toMatchObject({
      data: { colour: 'blue' },
    });
    expect(await box.read(`/api/v1/namespaces/terraform/secrets/tfstate-default-${stack}`)).toHaveProperty('data');
    expect(existsSync(join(folder, 'states', stack))).toBe(false);
    expect(await runner.state(request)).toEqual(applied);
    // A plan made before the state went on.
    const stale = runner.apply({ ...request, planFile: later.planFile, approved: later.plan });
    await expect(stale).rejects.toMatchObject({ code: 'PLAN_STALE' });
    expect((await runner.plan(request)).plan.summary).toMatchObject({ create: 0, update: 0, noop: 1 });
  }, 300_000);

  test('is refused while somebody holds the lock of the state, and goes on afterwards', async () => {
    const held = (await box.read(
      `/apis/coordination.k8s.io/v1/namespaces/terraform/leases/${lease}`,
    )) as KubernetesObject;
    const info = JSON.stringify({ ID: 'held', Operation: 'OperationTypeApply', Who: 'somebody', Version: '1' });
    const metadata = { name: lease, namespace: 'terraform', labels: held.metadata?.labels };
    const taken = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...metadata, annotations: { 'app.terraform.io/lock-info': info } },
      spec: { holderIdentity: 'held' },
    };
    await box.apply([taken as never]);
    await expect(runner.plan(request)).rejects.toMatchObject({ code: 'STATE_LOCKED', failure: 'retryable' });
    await box.apply([{ ...taken, metadata, spec: {} } as never]);
    await expect(runner.plan(request)).resolves.toMatchObject({ plan: { summary: { noop: 1 } } });
  }, 300_000);

  test('sees what was changed beside it, and mends it', async () => {
    const changed = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: stack, namespace: 'terraform' } };
    await box.apply([{ ...changed, data: { colour: 'red' } } as never]);
    const { plan, planFile } = await runner.plan(request);
    expect(plan).toMatchObject({ drift: ['kubernetes_config_map.settings'], summary: { update: 1 } });
    await runner.apply({ ...request, planFile, approved: plan });
    expect(await box.read(`/api/v1/namespaces/terraform/configmaps/${stack}`)).toMatchObject({
      data: { colour: 'blue' },
    });
  }, 300_000);

  test('destroys what its files no longer name', async () => {
    const [file] = request.files;
    const empty = [{ path: 'main.tf', content: `${file?.content.split('\nresource')[0]}\n` }];
    const { plan, planFile } = await runner.plan({ stack, files: empty });
    expect(plan.summary).toMatchObject({ delete: 1 });
    await runner.apply({ stack, files: empty, planFile, approved: plan });
    await expect(box.read(`/api/v1/namespaces/terraform/configmaps/${stack}`)).resolves.toMatchObject({ code: 404 });
  }, 300_000);

  test('credentials stand in no plan, no state and no folder; without rights nothing is planned', async () => {
    const { plan, planFile } = await runner.plan(request);
    for (const text of [JSON.stringify(plan), planFile.toString('latin1')]) expect(text).not.toContain(box.adminToken);
    expect(readdirSync(join(folder, 'work'))).toEqual([]);
    const powerless = runnerWith(box.kubeconfig(box.powerlessToken)).plan(request);
    const refused = await powerless.catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'PlanwardenError' });
    expect(JSON.stringify(refused)).not.toContain(box.powerlessToken);
  }, 300_000);
});
