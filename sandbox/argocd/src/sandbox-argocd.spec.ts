import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type KubeObject, type SandboxKubernetes, startSandboxKubernetes } from '@planwarden/sandbox-kubernetes';
import { type GitFile, type GitPort, type SandboxArgoCd, startSandboxArgoCd } from './index.js';
import { at, list } from './json.js';

const REPO = 'https://github.example/acme/infrastructure.git';
const NEVER = 2 ** 30;

/** A repository in memory: every `push` is a commit. */
class MemoryGit implements GitPort {
  busy = 0;
  mostBusy = 0;
  down = false;
  /** While set, every answer waits for it. */
  gate: Promise<void> | undefined;
  private readonly commits: ReadonlyMap<string, string>[] = [];

  push(files: Record<string, string>): string {
    this.commits.push(new Map(Object.entries(files)));
    return this.shaOf(this.commits.length - 1);
  }
  async head(repoUrl: string): Promise<string> {
    return this.counted(() => {
      if (this.down || repoUrl !== REPO) throw new Error('repository not found');
      return this.shaOf(this.commits.length - 1);
    });
  }
  async listTree(_repoUrl: string, revision: string, path: string): Promise<GitFile[]> {
    return this.counted(() => {
      const files = this.commits[Number.parseInt(revision, 16)] ?? new Map<string, string>();
      return [...files]
        .filter(([name]) => name.startsWith(`${path}/`))
        .map(([name, content]) => ({ path: name, content }));
    });
  }
  private shaOf(index: number): string {
    return index.toString(16).padStart(40, '0');
  }
  private async counted<T>(work: () => T): Promise<T> {
    this.busy += 1;
    this.mostBusy = Math.max(this.mostBusy, this.busy);
    await (this.gate ?? new Promise((resolve) => setImmediate(resolve)));
    this.busy -= 1;
    return work();
  }
}

const application = (name: string, path: string, automated: object | null = { prune: true }): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name, namespace: 'argocd' },
  spec: {
    project: 'default',
    source: { repoURL: REPO, targetRevision: 'main', path, directory: { recursive: true } },
    destination: { server: 'https://kubernetes.default.svc', namespace: 'web' },
    syncPolicy: automated === null ? {} : { automated },
  },
});
const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n';
const deployment = (image: string, replicas = 3): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, labels: {app: nginx}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: "${image}"}]}
`;
const service = `
apiVersion: v1
kind: Service
metadata: {name: nginx, namespace: web}
spec: {selector: {app: nginx}, ports: [{port: 80, targetPort: 8080}]}
`;
const shop = (image: string): Record<string, string> => ({
  'staging/web/objects.yaml': `${deployment(image)}---\n${service}`,
  'staging/web/deep/namespace.yaml': namespace,
  'staging/web/README.md': 'not yaml: [',
});
const child = (name: string, path: string): string => JSON.stringify(application(name, path));

let git: MemoryGit;
let cluster: SandboxKubernetes;
let argocd: SandboxArgoCd;

beforeEach(async () => {
  git = new MemoryGit();
  cluster = await startSandboxKubernetes({
    tokens: [
      {
        token: 'argocd-token',
        user: 'argocd',
        permissions: [{ verbs: ['get', 'list', 'create', 'patch', 'delete'], resources: ['*'] }],
      },
    ],
  });
});
afterEach(async () => {
  await argocd.stop();
  await cluster.stop();
});

const start = (intervalMs = NEVER): void => {
  argocd = startSandboxArgoCd({ kubeconfig: cluster.kubeconfig('argocd'), git, intervalMs });
};
/** A look at everything, and another one once the controllers of the cluster have done their part. */
async function settle(): Promise<void> {
  await argocd.sync();
  await cluster.control.settled();
  await argocd.sync();
}
const live = (apiVersion: string, kind: string, name: string, place = 'web'): KubeObject | undefined =>
  cluster.control.get({ apiVersion, kind, namespace: place, name });
const app = (name: string): KubeObject | undefined => live('argoproj.io/v1alpha1', 'Application', name, 'argocd');
const conditionsOf = (name: string): unknown[] => list(at(app(name), 'status', 'conditions'));

describe('a root application', () => {
  test('brings out a child application and its deployment with three ready pods', async () => {
    const sha = git.push({ 'staging/apps/web.yaml': child('web', 'staging/web'), ...shop('nginx:1.29.0') });
    cluster.control.apply(application('root', 'staging/apps'));
    start();
    await settle();
    expect(at(app('root'), 'status')).toMatchObject({
      sync: { status: 'Synced', revision: sha },
      health: { status: 'Healthy' },
      resources: [{ group: 'argoproj.io', version: 'v1alpha1', kind: 'Application', name: 'web', status: 'Synced' }],
    });
    expect(at(app('web'), 'status')).toMatchObject({
      sync: { status: 'Synced', revision: sha, comparedTo: { source: { path: 'staging/web' } } },
      health: { status: 'Healthy' },
      operationState: { phase: 'Succeeded', syncResult: { revision: sha } },
      summary: { images: ['nginx:1.29.0'] },
    });
    const pods = cluster.control.list('v1', 'Pod', 'web');
    expect(pods.map((pod) => at(pod, 'status', 'phase'))).toEqual(['Running', 'Running', 'Running']);
    const nginx = live('apps/v1', 'Deployment', 'nginx');
    expect(nginx?.metadata.annotations).toMatchObject({
      'argocd.argoproj.io/tracking-id': 'web:apps/Deployment:web/nginx',
    });
    expect(
      nginx?.metadata.managedFields?.some(
        ({ manager, operation }) => manager === 'argocd-controller' && operation === 'Apply',
      ),
    ).toBe(true);
  });

  test('is not healthy in its child before the pods are there', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.setRolloutPods(() => 2);
    cluster.control.apply(application('web', 'staging/web'));
    start();
    await settle();
    expect(at(app('web'), 'status')).toMatchObject({ sync: { status: 'Synced' }, health: { status: 'Progressing' } });
    cluster.control.setRolloutPods(undefined);
    await settle();
    expect(at(app('web'), 'status', 'health', 'status')).toBe('Healthy');
  });
});

describe('a new revision', () => {
  test('changes the objects', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    start();
    await settle();
    const sha = git.push(shop('nginx:1.30.0'));
    await settle();
    await settle();
    expect(at(app('web'), 'status')).toMatchObject({
      sync: { status: 'Synced', revision: sha },
      health: { status: 'Healthy' },
      summary: { images: ['nginx:1.30.0'] },
    });
    const images = cluster.control
      .list('v1', 'Pod', 'web')
      .map((pod) => at(list(at(pod, 'spec', 'containers'))[0], 'image'));
    expect(images).toEqual(Array(3).fill('nginx:1.30.0'));
  });

  test('takes away what it names no more, and nothing it did not bring', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    start();
    await settle();
    cluster.control.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-hand', namespace: 'web' } });
    git.push({ 'staging/web/a.yaml': deployment('nginx:1.29.0'), 'staging/web/ns.yaml': namespace });
    await settle();
    expect(live('v1', 'Service', 'nginx')).toBeUndefined();
    expect(live('apps/v1', 'Deployment', 'nginx')).toBeDefined();
    expect(live('v1', 'ConfigMap', 'by-hand')).toBeDefined();
    expect(at(app('web'), 'status', 'sync', 'status')).toBe('Synced');
  });

  test('leaves an object that another application has taken over', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    start();
    await settle();
    const annotations = { 'argocd.argoproj.io/tracking-id': 'other:/Service:web/nginx' };
    const taken = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'nginx', namespace: 'web', annotations } };
    cluster.control.apply(taken, 'argocd-other');
    git.push({ 'staging/web/a.yaml': deployment('nginx:1.29.0'), 'staging/web/ns.yaml': namespace });
    await settle();
    expect(live('v1', 'Service', 'nginx')).toBeDefined();
    expect(at(app('web'), 'status', 'sync', 'status')).toBe('Synced');
  });

  test('without prune leaves objects, and says that they are out of sync', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web', {}));
    start();
    await settle();
    git.push({ 'staging/web/a.yaml': deployment('nginx:1.29.0'), 'staging/web/ns.yaml': namespace });
    await settle();
    expect(live('v1', 'Service', 'nginx')).toBeDefined();
    expect(at(app('web'), 'status', 'sync', 'status')).toBe('OutOfSync');
    expect(list(at(app('web'), 'status', 'resources'))).toContainEqual(
      expect.objectContaining({ kind: 'Service', status: 'OutOfSync', requiresPruning: true }),
    );
  });

  test('that would take everything away is not brought out', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    start();
    await settle();
    git.push({ 'staging/web/README.md': 'moved' });
    await settle();
    expect(live('apps/v1', 'Deployment', 'nginx')).toBeDefined();
    expect(conditionsOf('web')).toEqual([expect.objectContaining({ type: 'SyncError' })]);
  });

  test('of the root takes a child away with its objects when the child says so', async () => {
    const withFinalizer = JSON.parse(child('web', 'staging/web')) as KubeObject;
    withFinalizer.metadata.finalizers = ['resources-finalizer.argocd.argoproj.io'];
    git.push({
      'staging/apps/web.yaml': JSON.stringify(withFinalizer),
      ...shop('nginx:1.29.0'),
      'staging/apps/b.yaml': child('b', 'staging/web/deep'),
    });
    cluster.control.apply(application('root', 'staging/apps'));
    start();
    await settle();
    expect(live('apps/v1', 'Deployment', 'nginx')).toBeDefined();
    git.push({ ...shop('nginx:1.29.0'), 'staging/apps/b.yaml': child('b', 'staging/web/deep') });
    await settle();
    await settle();
    expect(app('web')).toBeUndefined();
    expect(live('apps/v1', 'Deployment', 'nginx')).toBeUndefined();
    expect(app('b')).toBeDefined();
  });
});

describe('an application that cannot be brought out', () => {
  test.each([
    ['a folder that is not there', application('bad', 'staging/nowhere'), 'app path does not exist'],
    [
      'another repository',
      {
        ...application('bad', 'x'),
        spec: {
          ...(application('bad', 'x').spec as object),
          source: { repoURL: 'https://other.example/a/b', path: 'x' },
        },
      },
      'repository not found',
    ],
    [
      'a chart',
      {
        ...application('bad', 'x'),
        spec: { ...(application('bad', 'x').spec as object), source: { repoURL: REPO, chart: 'nginx' } },
      },
      'chart is not supported',
    ],
  ])('says why and holds nobody up: %s', async (_name, bad, message) => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(bad);
    cluster.control.apply(application('web', 'staging/web'));
    start();
    await settle();
    expect(at(app('bad'), 'status', 'sync', 'status')).toBe('Unknown');
    expect(conditionsOf('bad')).toEqual([expect.objectContaining({ message: expect.stringContaining(message) })]);
    expect(at(app('web'), 'status', 'sync', 'status')).toBe('Synced');
  });

  test('names the file that is no YAML, and the object that is refused', async () => {
    git.push({ 'staging/web/bad.yaml': 'a: [' });
    cluster.control.apply(application('web', 'staging/web'));
    start();
    await settle();
    expect(conditionsOf('web')).toEqual([
      expect.objectContaining({ type: 'ComparisonError', message: 'staging/web/bad.yaml: cannot be parsed' }),
    ]);
    git.push({ 'staging/web/a.yaml': `${namespace}---\n${deployment('nginx:1', -1)}` });
    await settle();
    expect(at(app('web'), 'status', 'operationState', 'phase')).toBe('Failed');
    expect(conditionsOf('web')).toEqual([
      expect.objectContaining({ type: 'SyncError', message: expect.stringContaining('Deployment nginx') }),
    ]);
    git.push({ 'staging/web/a.yaml': `${namespace}---\n${deployment('nginx:1')}` });
    await settle();
    expect(conditionsOf('web')).toEqual([]);
    expect(at(app('web'), 'status', 'operationState', 'phase')).toBe('Succeeded');
  });

  test('is tried again when Git and the cluster answer again', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    git.down = true;
    start();
    await settle();
    expect(at(app('web'), 'status', 'sync', 'status')).toBe('Unknown');
    git.down = false;
    cluster.control.setOutage(503);
    await expect(argocd.sync()).rejects.toThrow();
    cluster.control.setOutage(undefined);
    await settle();
    expect(at(app('web'), 'status')).toMatchObject({ sync: { status: 'Synced' }, health: { status: 'Healthy' } });
    expect(conditionsOf('web')).toEqual([]);
  });
});

describe('the sync policy', () => {
  test('that is not automated leaves the cluster alone', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web', null));
    start();
    await settle();
    expect(live('apps/v1', 'Deployment', 'nginx')).toBeUndefined();
    expect(at(app('web'), 'status')).toMatchObject({ sync: { status: 'OutOfSync' }, health: { status: 'Missing' } });
  });

  test('mends a drift only with self-heal', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web', { prune: true }));
    start();
    await settle();
    const drift = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'nginx', namespace: 'web' } };
    cluster.control.apply({ ...drift, spec: { replicas: 1 } }, 'somebody');
    await settle();
    expect(at(live('apps/v1', 'Deployment', 'nginx'), 'spec', 'replicas')).toBe(1);
    expect(at(app('web'), 'status', 'sync', 'status')).toBe('OutOfSync');
    cluster.control.apply(application('web', 'staging/web', { prune: true, selfHeal: true }));
    await settle();
    expect(at(live('apps/v1', 'Deployment', 'nginx'), 'spec', 'replicas')).toBe(3);
  });
});

describe('the loop', () => {
  test('never looks twice at once, and shares the look that waits', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    let open = (): void => undefined;
    git.gate = new Promise((resolve) => {
      open = resolve;
    });
    start();
    while (git.busy === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = argocd.sync();
    expect(argocd.sync()).toBe(second);
    for (let turn = 0; turn < 300; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    open();
    await second;
    expect(git.mostBusy).toBe(1);
  });

  test('syncs by itself, and writes nothing when nothing changed', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    start(1);
    while (at(app('web'), 'status', 'health', 'status') !== 'Healthy')
      await new Promise((resolve) => setImmediate(resolve));
    await argocd.sync();
    const quiet = app('web')?.metadata.resourceVersion;
    await argocd.sync();
    expect(app('web')?.metadata.resourceVersion).toBe(quiet);
    await argocd.stop();
    const after = cluster.control.requests().length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(cluster.control.requests()).toHaveLength(after);
  });

  test('asks the cluster once for all when it stands as wanted, and looks again at whatever moves', async () => {
    git.push(shop('nginx:1.29.0'));
    cluster.control.apply(application('web', 'staging/web'));
    start();
    const asked = async (): Promise<number> => {
      const before = cluster.control.requests().length;
      await argocd.sync();
      return cluster.control.requests().length - before;
    };
    await settle();
    await asked();
    expect(await asked()).toBe(1);
    git.push({ ...shop('nginx:1.29.0'), 'staging/web/more.txt': 'moved' });
    expect(await asked()).toBeGreaterThan(1);
    await asked();
    git.down = true;
    expect(await asked()).toBeGreaterThan(1);
    expect(conditionsOf('web')).toHaveLength(1);
    git.down = false;
    await asked();
    expect(conditionsOf('web')).toHaveLength(0);
    await asked();
    expect(await asked()).toBe(1);
    cluster.control.apply(
      {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'nginx', namespace: 'web' } },
        spec: { replicas: 1 },
      },
      'somebody',
    );
    expect(await asked()).toBeGreaterThan(1);
  });
});
