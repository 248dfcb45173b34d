import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isPlanwardenError, type PlanwardenError, sha256 } from '@planwarden/contracts';
import { firstConfig } from './config.first.js';
import { loadConfig, parseConfig } from './index.js';

const DIGEST = sha256('pwa_invented');
const valid = firstConfig(DIGEST);

function refusal(text: string): PlanwardenError {
  try {
    parseConfig(text);
  } catch (error) {
    if (isPlanwardenError(error)) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const lineWith = (text: string, part: string): number => text.split('\n').findIndex((line) => line.includes(part)) + 1;

const STACK = `  - name: web
    environment: staging
    repository: platform/infrastructure
    path: stacks/web
    kind: terraform
    stack: web
    terraform:
`;

describe('planwarden.yaml', () => {
  test('of a first start names one target, an owner, a reviewer and an agent for the owner', () => {
    const config = parseConfig(valid);
    expect(config.targets.map((t) => [t.name, t.leastAssurance, t.quorum])).toEqual([['staging', 'session', 1]]);
    expect(config.people.map((p) => [p.id, p.github.id, p.roles])).toEqual([
      ['owner', 1001, { staging: 'approver' }],
      ['reviewer', 1002, { staging: 'approver' }],
    ]);
    expect(config.agents[0]).toMatchObject({ id: 'assistant', onBehalfOf: 'owner', tokenDigest: DIGEST });
    expect(config.targets[0]?.repository).toEqual({ owner: 'platform', name: 'infrastructure' });
    expect(config.targets[0]?.limits.approvalExpirySeconds).toBe(86_400);
  });

  // [what is wrong, text taken out, text put in, code, field, a part of the line that must be named]
  test.each([
    ['an unknown setting', 'quorum: 1', 'quorum: 1\n    qourum: 2', 'CONFIG_INVALID', 'targets.0.qourum', 'qourum'],
    [
      'a role that no quorum asks for',
      'roles: { staging: approver }',
      'roles: { staging: aprover }',
      'CONFIG_INVALID',
      'people.0.roles.staging',
      'aprover',
    ],
    ['mode real', 'mode: sandbox', 'mode: real', 'NOT_SUPPORTED', 'mode', 'mode: real'],
    ['a kind nobody knows', 'kind: manifests', 'kind: helm', 'CONFIG_INVALID', 'targets.0.kind', 'kind: helm'],
    [
      'direct delivery',
      'delivery: gitops',
      'delivery: direct',
      'NOT_SUPPORTED',
      'targets.0.delivery',
      'delivery: direct',
    ],
    ['an open bind address', 'host: 127.0.0.1', 'host: 0.0.0.0', 'CONFIG_INVALID', 'listen.host', '0.0.0.0'],
    ['a port that is none', 'port: 7420', 'port: 70000', 'CONFIG_INVALID', 'listen.port', '70000'],
    [
      'a path that climbs',
      'path: environments/staging #',
      'path: ../staging #',
      'CONFIG_INVALID',
      'targets.0.path',
      '../staging',
    ],
    ['an absolute path', 'path: environments/staging #', 'path: /etc #', 'CONFIG_INVALID', 'targets.0.path', '/etc'],
    [
      'a root path outside',
      'rootPath: environments/staging/a',
      'rootPath: other/a',
      'CONFIG_INVALID',
      'targets.0.argocd.rootPath',
      'other/a',
    ],
    ['a quorum of none', 'quorum: 1', 'quorum: 0', 'CONFIG_INVALID', 'targets.0.quorum', 'quorum: 0'],
    ['an owner nobody knows', 'owners: [owner]', 'owners: [olaf]', 'CONFIG_INVALID', 'targets.0.owners.0', 'olaf'],
    [
      'an agent for nobody',
      'onBehalfOf: owner',
      'onBehalfOf: nobody',
      'CONFIG_INVALID',
      'agents.0.onBehalfOf',
      'onBehalfOf: nobody',
    ],
    [
      'an agent on no target',
      'targets: [staging]',
      'targets: [production]',
      'CONFIG_INVALID',
      'agents.0.targets.0',
      '[production]',
    ],
    [
      'a state outside of the sandbox',
      'people:',
      `${STACK}      state: { kind: kubernetes, namespace: terraform, secretSuffix: web, kubeconfigFile: /etc/kube.yaml }\n\npeople:`,
      'NOT_SUPPORTED',
      'targets.1.terraform.state',
      'state: {',
    ],
    [
      'credentials of a provider in the sandbox',
      'people:',
      `${STACK}      providers: [{ source: hashicorp/aws, version: 6.34.0, credentials: { config: /etc/aws } }]\n\npeople:`,
      'NOT_SUPPORTED',
      'targets.1.terraform.providers.0',
      'source: hashicorp/aws',
    ],
    ['a token in clear', DIGEST, 'pwa_in-clear', 'CONFIG_INVALID', 'agents.0.tokenDigest', 'pwa_in-clear'],
    [
      'one GitHub account for two',
      'id: 1002',
      'id: 1001',
      'CONFIG_INVALID',
      'people.1.github.id',
      'id: 1001, login: ravi',
    ],
    [
      'two people of one name',
      'id: reviewer',
      'id: owner',
      'CONFIG_INVALID',
      'people.1.id',
      'id: owner\n    name: Ravi',
    ],
    ['a GitHub name in place of its id', 'id: 1002', 'id: ravi', 'CONFIG_INVALID', 'people.1.github.id', 'id: ravi'],
    [
      'a role nobody defined',
      'sre\n    roles: { staging: approver',
      'sre\n    roles: { staging: admin',
      'CONFIG_INVALID',
      'people.1.roles.staging',
      'admin',
    ],
    [
      'a namespace pattern in the middle',
      '[staging-*]',
      '["*-staging"]',
      'CONFIG_INVALID',
      'targets.0.argocd.namespaces.0',
      '*-staging',
    ],
    [
      'a repository without owner',
      'repository: platform/infrastructure',
      'repository: infrastructure',
      'CONFIG_INVALID',
      'targets.0.repository',
      'repository: infra',
    ],
  ])('refuses %s and names field and line', (_what, out, put, code, field, part) => {
    expect(valid).toContain(out);
    const text = valid.replace(out, put);
    const error = refusal(text);
    expect([error.code, error.where?.field]).toEqual([code, field]);
    const first = part.split('\n')[0] ?? part;
    const lines = text.split('\n').flatMap((line, index) => (line.includes(first) ? [index + 1] : []));
    expect(lines).toContain(error.where?.line);
    expect(error.remedy).not.toBe('');
  });

  test('refuses a key that is there twice, an alias and a missing list, each with its line', () => {
    expect(refusal(`${valid}mode: sandbox\n`).where?.line).toBe(valid.split('\n').length);
    expect(refusal('mode: sandbox\ntargets: []\npeople: []\n').details?.map((d) => d.where?.line)).toEqual([2, 3]);
    expect(refusal('mode: sandbox\n').details?.map((d) => d.where?.field)).toEqual(['targets', 'people']);
    expect(refusal('mode: [sandbox').code).toBe('CONFIG_INVALID');
  });

  // gate: production-presence
  test.each<[string, string, string, object]>([
    ['a number', 'staging', 'quorum: 2', { quorum: 2, presenceVotes: 0 }],
    [
      'roles',
      'staging',
      'quorum: { roles: { security: 1, dba: 2 } }',
      { quorum: 3, quorumRoles: { security: 1, dba: 2 } },
    ],
    [
      'votes and roles',
      'staging',
      'quorum: { votes: 1, roles: { security: 1 } }',
      { quorum: 1, quorumRoles: { security: 1 } },
    ],
    ['one passkey in production, as shipped', 'production', 'quorum: 1', { quorum: 1, presenceVotes: 1 }],
    ['what the operator says', 'production', 'quorum: 1\n    presenceVotes: 0', { presenceVotes: 0 }],
  ])('a quorum of %s', (_, environment, quorum, asked) => {
    const text = valid.replace('environment: staging', `environment: ${environment}`).replace('quorum: 1', quorum);
    const [target] = parseConfig(text).targets;
    expect(target).toMatchObject(asked);
  });

  test('says what to write where a value is of the wrong kind, and what is missing', () => {
    const text = valid.replace('quorum: 1', 'quorum: two').replace(/^ +repository: .*\n/m, '');
    expect(refusal(text).details?.map(({ message }) => message)).toEqual([
      'is missing (string)',
      'write a number of votes, or { votes: 2, roles: { security: 1 } }',
    ]);
  });

  test('reports every problem at once', () => {
    const text = valid.replace('quorum: 1', 'quorum: 0').replace('port: 7420', 'port: -1');
    expect(refusal(text).details?.map((d) => d.where?.field)).toEqual(['listen.port', 'targets.0.quorum']);
    expect(lineWith(text, 'quorum: 0')).toBe(refusal(text).details?.[1]?.where?.line);
  });
});

describe('the data folder', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'planwarden-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('gets configuration and token on the first start, and the second start finds them again', () => {
    const first = loadConfig({ data: join(folder, 'data') }, {});
    expect(first.newAgentToken).toMatch(/^pwa_[\w-]{43}$/);
    expect(first.agents[0]?.tokenDigest).toBe(sha256(first.newAgentToken ?? ''));
    expect(readFileSync(first.configFile, 'utf8')).not.toContain(first.newAgentToken);
    expect(statSync(first.configFile).mode & 0o777).toBe(0o600);
    expect(statSync(first.dataFolder).mode & 0o777).toBe(0o700);
    const second = loadConfig({ data: join(folder, 'data'), port: 0 }, {});
    expect([second.newAgentToken, second.agents, second.listen.port]).toEqual([null, first.agents, 0]);
  });

  test('is the one of the environment when none is given', () => {
    expect(loadConfig({}, { PLANWARDEN_DATA: join(folder, 'elsewhere') }).dataFolder).toBe(join(folder, 'elsewhere'));
  });
});
