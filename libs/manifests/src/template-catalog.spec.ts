import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    // Changes with the template only. A red pin asks: is every application to be written anew?
    expect(sha256(JSON.stringify(one.map(({ path, content }) => [path, content])))).toBe(
      'sha256:1b587b0423ee7eaba7a81893af6bdc8a24e8f34f7f410fd22d8e0646b8def920',
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
    ['image', { ...nginx, image: 'nginx:latest' }],
    ['image', { ...nginx, image: 'registry.test:5000/nginx' }],
    ['image', { ...nginx, image: 'a//b::c:1' }],
    ['name', { ...nginx, name: 'applications' }],
    ['name', { ...nginx, name: 'staging-root' }],
    ['resources.cpuRequest', { ...nginx, resources: { cpuRequest: '501m' } }],
    ['resources.memoryRequest', { ...nginx, resources: { memoryRequest: '512Mi', memoryLimit: '256Mi' } }],
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

  test.each([
    'registry.test:5000/team/shop_web:1.0',
    `nginx@sha256:${'a'.repeat(64)}`,
    `nginx:latest@sha256:${'a'.repeat(64)}`,
    'latest:1',
  ])('takes the image %s', (image) => {
    expect(render({ ...nginx, image })).toHaveLength(5);
  });

  test('a bad parameter is told what would be accepted, not a regular expression', () => {
    expect(refusal(() => render({ ...nginx, image: 'nginx' })).message).toContain('with a tag other than latest');
    expect(refusal(() => render({ ...nginx, replicas: 21 })).message).toContain('<= 20');
    expect(refusal(() => render({ ...nginx, resources: { cpuLimit: '2' } })).message).toContain('millicores');
  });

  test.each(['no', 'on', 'y', '010', '0b1', '0b2', '0o9', '1e3', 'null'])(
    'the owner %j stays a text for readers of any YAML',
    (owner) => {
      const files = render({ ...nginx, owner });
      for (const { content } of files.slice(1, 4)) expect(content).toContain(`owner: "${owner}"`);
      expect(parseManifests(files)).toHaveLength(5);
    },
  );

  test('a namespace made from the target must be a good one too', () => {
    const target = { ...TARGET, argocd: { ...TARGET.argocd, namespaces: [`${'long-'.repeat(11)}*`] } };
    expect(refusal(() => catalog.render('web-application', { ...nginx, name: 'n'.repeat(40) }, target))).toMatchObject({
      code: 'INPUT_INVALID',
      where: { field: 'template.parameters.namespace' },
    });
  });

  test('names every bad parameter at once, and an unknown template with those there are', () => {
    const error = refusal(() => render({ name: 'X', replicas: 99 }));
    expect(error.details?.map(({ where }) => where?.field).sort()).toEqual([
      'template.parameters.image',
      'template.parameters.name',
      'template.parameters.replicas',
    ]);
    for (const name of ['name', 'image', 'replicas']) expect(error.message).toContain(name);
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`extra${index}`, 1]));
    expect(refusal(() => render({ ...nginx, ...many })).message).toMatch(/; and 20 more$/);
    const unknown = refusal(() => catalog.render('lambda', {}, TARGET));
    expect(unknown).toMatchObject({ code: 'TEMPLATE_UNKNOWN', where: { field: 'template.name' } });
    expect(unknown.remedy).toContain('web-application');
  });

  test('every good parameter renders to five objects, the same bytes twice', () => {
    const good = fc.record({
      name: fc.stringMatching(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/),
      owner: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/),
      probePath: fc.stringMatching(/^\/[A-Za-z0-9._~/-]{0,20}$/),
      image: fc.constant('example.test/shop:1.0.0'),
    });
    fc.assert(
      fc.property(good, (parameters) => {
        fc.pre(parameters.name !== 'applications' && parameters.name !== 'staging-root');
        expect(parseManifests(render(parameters))).toHaveLength(5);
        expect(render(parameters)).toEqual(render(parameters));
      }),
      { numRuns: 100 },
    );
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

describe('a folder of templates', () => {
  const name = 'web-application';
  const shipped = fileURLToPath(new URL(`../../../manifest-templates/${name}/`, import.meta.url));
  const loadWith = (change: (folder: string) => void): TemplateCatalog => {
    const folder = mkdtempSync(join(tmpdir(), 'templates-'));
    try {
      cpSync(shipped, join(folder, name), { recursive: true });
      change(join(folder, name));
      return TemplateCatalog.load(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test.each(['template.yaml', 'parameters.schema.json', 'example.json', 'files/service.yaml'])(
    'is refused by the name of the file when %s is missing or broken',
    (file) => {
      const where = { file: `manifest-templates/${name}/${file}` };
      for (const change of [
        (folder: string) => rmSync(join(folder, file)),
        (folder: string) => writeFileSync(join(folder, file), '[{'),
        (folder: string) => writeFileSync(join(folder, file), '[]'),
      ]) {
        expect(refusal(() => loadWith(change))).toMatchObject({ code: 'CONFIG_INVALID', where });
      }
    },
  );
  test('has a digest that follows every file', () => {
    const digest = (change: (folder: string) => void) => loadWith(change).describe(name).digest;
    const same = digest(() => undefined);
    expect(same).toBe(catalog.describe(name).digest);
    expect(digest((folder) => appendFileSync(join(folder, 'files/service.yaml'), '# more\n'))).not.toBe(same);
  });
});

test("git's id of a blob", () => {
  expect(gitBlobSha('hello\n')).toBe('ce013625030ba8dba906f756967f9e9ca394464a');
});
