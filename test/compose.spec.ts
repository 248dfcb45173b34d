import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseConfig } from '@planwarden/orchestrator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { firstConfig } from '../apps/orchestrator/src/config.first.js';
import { composeInit, ROOT, readCompose } from './compose-file.js';

const compose = readCompose();
const services = Object.entries(compose.services);

describe('docker-compose.yml', () => {
  test('is valid by the schema of the Compose Specification, which can fail', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const schema = JSON.parse(readFileSync(join(ROOT, 'test/compose-schema/compose-spec.json'), 'utf8')) as object;
    const isValid = ajv.compile(schema);
    expect([isValid(compose), isValid.errors]).toEqual([true, null]);
    expect(isValid({ services: { worker: { imge: 'x' } } })).toBe(false);
  });

  test('holds the services of the stack, each at one version', () => {
    expect(services.map(([name]) => name)).toEqual([
      'postgres',
      'valkey',
      'neo4j',
      'sandbox',
      'orchestrator',
      'worker',
    ]);
    for (const [, { image }] of services) expect(image).toMatch(/^[a-z0-9/]+:\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
  });

  test.each(services)(
    '%s: no root, nothing writable but what it names, no capability, a health check',
    (_, service) => {
      expect(service.user).toMatch(/^\$\{PLANWARDEN_UID:\?.*\}:\$\{PLANWARDEN_GID:\?.*\}$/);
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.security_opt).toEqual(['no-new-privileges:true']);
      expect([service.privileged, service.network_mode]).toEqual([undefined, undefined]);
      expect(service.healthcheck?.test.length).toBeGreaterThan(1);
      for (const volume of service.volumes ?? []) expect(volume).not.toContain('docker.sock');
    },
  );

  test('ports are published on loopback alone, and what keeps data is in a network that leads nowhere', () => {
    const published = services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name);
    expect(published).toEqual(['sandbox', 'orchestrator']);
    for (const [, { ports = [] }] of services) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(compose.networks.inner).toEqual({ internal: true });
    for (const name of ['postgres', 'valkey', 'neo4j', 'worker']) {
      expect(compose.services[name]?.networks).toEqual(['inner']);
    }
  });

  test('secrets come from files that init writes; no value stands in the file', () => {
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|AUTH|TOKEN|SECRET|KEY/.test(name))
          expect([name, value]).toEqual([name, expect.stringMatching(/^(\/run\/secrets\/|--auth)/)]);
      }
    }
    const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets));
    expect([...used].sort()).toEqual(Object.keys(compose.secrets).sort());
    expect(compose.services.worker?.secrets).not.toContain('operator-token');
    expect(compose.services.sandbox?.secrets).toBeUndefined();
  });
});

describe('npm run compose:init', () => {
  const to = mkdtempSync(join(tmpdir(), 'planwarden-compose-'));
  const folder = join(to, 'compose');
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
  beforeAll(() => {
    const made = composeInit(to);
    expect([made.err, made.status]).toEqual(['', 0]);
    for (const name of readdirSync(join(folder, 'secrets'))) expect(made.out).not.toContain(read(`secrets/${name}`));
  });
  afterAll(() => rmSync(to, { recursive: true, force: true }));

  test('writes every secret that the file names, for its owner alone, no two the same', () => {
    for (const { file } of Object.values(compose.secrets)) expect(statSync(join(to, file)).mode & 0o777).toBe(0o600);
    const values = ['postgres-password', 'redis-password', 'neo4j-password', 'operator-token', 'plan-key'].map((name) =>
      read(`secrets/${name}`),
    );
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value.length).toBeGreaterThanOrEqual(43);
    expect(read('secrets/neo4j-auth')).toBe(`neo4j/${read('secrets/neo4j-password')}`);
    expect(read('secrets/valkey.conf')).toContain(`requirepass ${read('secrets/redis-password')}\n`);
    expect(readFileSync(join(to, '.env'), 'utf8')).toMatch(/^PLANWARDEN_UID=[1-9]\d*\nPLANWARDEN_GID=[1-9]\d*\n$/);
  });

  test('every folder that the file mounts is there', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    for (const path of mounted)
      expect([path, existsSync(join(path.startsWith('./compose/') ? to : ROOT, path))]).toEqual([path, true]);
  });

  test('writes a planwarden.yaml that is read without a mistake and asks for what a first start asks for', () => {
    const config = parseConfig(read('config/planwarden.yaml'));
    expect(config.listen).toEqual({
      host: '0.0.0.0',
      port: 7420,
      hosts: ['127.0.0.1:7420', 'localhost:7420', 'orchestrator:7420'],
    });
    expect([config.database.store, config.bell.store, config.graph.store]).toEqual(['postgres', 'redis', 'neo4j']);
    const first = parseConfig(firstConfig(config.agents[0]?.tokenDigest ?? ''));
    expect([config.targets, config.people, config.agents]).toEqual([first.targets, first.people, first.agents]);
    expect(read('config/planwarden.yaml')).not.toContain(read('secrets/agent-assistant.token'));
  });

  test('refuses to write over what is there, in one line', () => {
    const before = read('secrets/postgres-password');
    const again = composeInit(to);
    expect(again).toMatchObject({ status: 1, out: '' });
    expect(again.err).toMatch(/^CONFIG_INVALID: \S+compose is there already .*\n$/);
    expect(read('secrets/postgres-password')).toBe(before);
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  test('every source of a COPY is there, and .dockerignore lets it in', () => {
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const sources = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(sources.length).toBeGreaterThan(10);
    for (const source of sources) expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
    for (const source of sources) expect(ignored).not.toContain(source);
    expect(ignored).toEqual(expect.arrayContaining(['.git', '.env', 'compose', '**/node_modules']));
  });

  test('what the last stage takes from the build was copied or made there', () => {
    const taken = last.filter((line) => line.includes('--from=build')).map((line) => line.split(' ').at(-1));
    expect(taken).toEqual(['node_modules', 'libs', 'servers', 'sandbox', 'apps']);
    for (const [, { command, image }] of services) {
      if (!image.startsWith('planwarden:')) continue;
      expect(command?.slice(0, 2)).toEqual(['node', 'apps/orchestrator/dist/main.js']);
    }
  });

  test('Node 24 at one version in every stage; the last one is no root and has a health check', () => {
    for (const line of lines.filter((one) => one.startsWith('FROM '))) {
      expect(line).toMatch(/^FROM node:24\.\d+\.\d+-trixie-slim( AS build)?$/);
    }
    expect(last.filter((line) => line.startsWith('USER '))).toEqual(['USER 10001:10001']);
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
    expect(last.some((line) => line.startsWith('RUN '))).toBe(false);
    expect(lines.join('\n')).not.toMatch(/PASSWORD|TOKEN|SECRET/);
  });

  test('its own command is the one of the orchestrator', () => {
    const command = JSON.parse(last.findLast((line) => line.startsWith('CMD '))?.slice(4) ?? '[]') as unknown;
    expect(command).toEqual(compose.services.orchestrator?.command);
  });
});
