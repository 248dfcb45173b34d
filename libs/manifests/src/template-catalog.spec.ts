import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { PlanwardenError, sha256 } from '@planwarden/contracts';
import fc from 'fast-check';
import { gitBlobSha, parseManifests, TemplateCatalog } from './index.js';
import { TARGET } from './manifests.spec-kit.js';

const catalog = TemplateCatalog.load(fileURLToPath(new URL('../../../manifest-templates/', import.meta.url)));
const nginx = { name: 'nginx', image: 'nginxinc/nginx-unprivileged:1.27.3', replicas: 3 };
const render = (parameters: Record<string, unknown>) => catalog.render('web-application', parameters, TARGET).files;

function refusal(work: () => unknown): PlanwardenError {
  try {
    work();
  } catch (error) {
    if (error instanceof PlanwardenError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('web-application', () => {
  test('is listed and described, and its example renders', () => {
    expect(catalog.list().map(({ name }) => name)).toEqual(['web-application']);
    const detail = catalog.describe('web-application');
    expect(detail.produces).toEqual(['Namespace', 'Deployment', 'Service', 'NetworkPolicy', 'Application']);
    const properties = detail.parameters.properties as Record<string, { description?: string; title?: string }>;
    for (const [name, one] of Object.entries(properties))
      expect([name, one.title, one.description]).not.toContain(undefined);
    expect(render(detail.example)).toHaveLength(5);
  });

  test('gives the same bytes every time, under the target, with where they come from', () => {
    const [one, two] = [render(nginx), render({ ...nginx })];
    expect(two).toEqual(one);
    expect(sha256(JSON.stringify(one.map(({ path, content }) => [path, content])))).toBe(
      sha256(JSON.stringify(two.map(({ path, content }) => [path, content]))),
    );
    expect(one.map(({ path }) => path)).toEqual([
      'environments/staging/nginx/namespace.yaml',
      'environments/staging/nginx/deployment.yaml',
      'environments/staging/nginx/service.yaml',
      'environments/staging/nginx/network-policy.yaml',
      'environments/staging/applications/nginx.yaml',
    ]);
    for (const { provenance } of one) {
      expect(provenance).toEqual({
        source: 'template',
        template: 'web-application',
        templateDigest: catalog.describe('web-application').digest,
      });
    }
  });

  test('fills defaults: namespace of the target, limits, ports, restricted pod security', () => {
    const objects = parseManifests(render({ name: 'shop', image: 'example.test/shop:1.0.0' }));
    expect(objects.map(({ ref }) => `${ref.kind} ${ref.namespace ?? '-'}/${ref.name}`)).toEqual([
      'Namespace -/staging-shop',
      'Deployment staging-shop/shop',
      'Service staging-shop/shop',
      'NetworkPolicy staging-shop/shop',
      'Application argocd/shop',
    ]);
    const deployment = objects[1]?.object as {
      spec: { replicas: number; template: { spec: Record<string, unknown> } };
    };
    expect(deployment.spec.replicas).toBe(3);
    expect(deployment.spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    });
    expect(objects[4]?.object).toMatchObject({
      spec: { source: { repoURL: TARGET.argocd.repoUrl, path: 'environments/staging/shop', targetRevision: 'main' } },
    });
  });

  test.each([
    ['name', { ...nginx, name: 'Nginx' }],
    ['name', { ...nginx, name: 'a\nkind: Secret' }],
    ['name', { ...nginx, name: 7 }],
    ['image', { name: 'nginx' }],
    ['image', { ...nginx, image: 'nginx' }],
    ['image', { ...nginx, image: 'nginx:1 --privileged' }],
    ['replicas', { ...nginx, replicas: 0 }],
    ['replicas', { ...nginx, replicas: 21 }],
    ['replicas', { ...nginx, replicas: '3' }],
    ['containerPort', { ...nginx, containerPort: 80 }],
    ['servicePort', { ...nginx, servicePort: 70_000 }],
    ['probePath', { ...nginx, probePath: 'health' }],
    ['namespace', { ...nginx, namespace: 'production-shop' }],
    ['owner', { ...nginx, owner: 'Team A' }],
    ['resources.cpuLimit', { ...nginx, resources: { cpuLimit: '2' } }],
    ['resources.gpu', { ...nginx, resources: { gpu: '1' } }],
    ['privileged', { ...nginx, privileged: true }],
  ])('refuses a bad %s and names it', (field, parameters) => {
    const error = refusal(() => render(parameters));
    expect(error.code).toBe('INPUT_INVALID');
    expect(error.where?.field).toBe(`template.parameters.${field}`);
    expect(error.remedy).toContain('describe_template');
  });

  test('names every bad parameter at once, and an unknown template with those there are', () => {
    const error = refusal(() => render({ name: 'X', replicas: 99 }));
    expect(error.details?.map(({ where }) => where?.field).sort()).toEqual([
      'template.parameters.image',
      'template.parameters.name',
      'template.parameters.replicas',
    ]);
    const unknown = refusal(() => catalog.render('lambda', {}, TARGET));
    expect(unknown).toMatchObject({ code: 'TEMPLATE_UNKNOWN', where: { field: 'template.name' } });
    expect(unknown.remedy).toContain('web-application');
  });

  test('whatever is given renders to exactly these five objects or is refused', () => {
    const anything = fc.record({ name: fc.string(), image: fc.string(), owner: fc.string(), probePath: fc.string() });
    fc.assert(
      fc.property(anything, (parameters) => {
        try {
          expect(parseManifests(render(parameters))).toHaveLength(5);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INPUT_INVALID' });
        }
      }),
      { numRuns: 200 },
    );
  });
});

test("git's id of a blob", () => {
  expect(gitBlobSha('hello\n')).toBe('ce013625030ba8dba906f756967f9e9ca394464a');
});
