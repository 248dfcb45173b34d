import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig, parseConfig } from '@planwarden/orchestrator';
import { parsePersona } from '@planwarden/personas';

const FILE = 'planwarden.yaml';
let folder: string;
let first: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'planwarden-files-'));
  first = readFileSync(loadConfig({ data: folder }, {}).configFile, 'utf8');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failure = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    return error;
  }
  return 'was accepted';
};

/** Line of the first line that holds the text, 1-based. */
const lineOf = (text: string, part: string): number => text.split('\n').findIndex((line) => line.includes(part)) + 1;

/** A target of Terraform, as an operator writes it. */
const stack = (version: string, source = 'hashicorp/aws'): string => `  - name: web
    environment: staging
    repository: platform/infrastructure
    path: stacks/web
    kind: terraform
    stack: web
    terraform:
      providers: [{ source: ${source}, version: '${version}' }]
`;

describe('planwarden.yaml of the first start, broken at one place, is refused with file and line', () => {
  test.each([
    ['a tab', 'mode: sandbox', 'mode:\tsandbox\n\tlisten: {}', 'CONFIG_INVALID', 'listen: {}'],
    ['a quote that stays open', 'name: Olivia Owner', 'name: "Olivia Owner', 'CONFIG_INVALID', null],
    ['an unknown mode', 'mode: sandbox', 'mode: yolo', 'CONFIG_INVALID', 'mode: yolo'],
    ['mode real', 'mode: sandbox', 'mode: real', 'NOT_SUPPORTED', 'mode: real'],
    ['a setting nobody knows', 'mode: sandbox', 'mode: sandbox\nbypass: true', 'CONFIG_INVALID', 'bypass'],
    ['a host for everybody', 'host: 127.0.0.1', 'host: 0.0.0.0', 'CONFIG_INVALID', 'host:'],
    ['a port that is none', 'port: 7420', 'port: 99999', 'CONFIG_INVALID', 'port:'],
    ['a graph nobody knows', 'mode: sandbox', 'mode: sandbox\ngraph: { store: memory }', 'CONFIG_INVALID', 'graph:'],
    [
      'a password in the address of the graph',
      'mode: sandbox',
      'mode: sandbox\ngraph: { store: neo4j, neo4j: { uri: "http://neo4j:secret@db", passwordFile: /p } }',
      'CONFIG_INVALID',
      'graph:',
    ],
    ['a path upwards', 'path: environments/staging #', 'path: ../staging #', 'CONFIG_INVALID', 'path: ../'],
    ['a kind nobody knows', 'kind: manifests', 'kind: helm', 'CONFIG_INVALID', 'kind:'],
    ['a stack with the settings of manifests', 'kind: manifests', 'kind: terraform', 'CONFIG_INVALID', 'delivery:'],
    ['a provider at a range of versions', /^people:/m, `${stack('~> 6.0')}\npeople:`, 'CONFIG_INVALID', 'providers:'],
    [
      'a provider from anywhere',
      /^people:/m,
      `${stack('6.34.0', 'evil.test/a/b')}\npeople:`,
      'CONFIG_INVALID',
      'providers:',
    ],
    ['direct delivery', 'delivery: gitops', 'delivery: direct', 'NOT_SUPPORTED', 'delivery:'],
    ['no vote needed', 'quorum: 1', 'quorum: 0', 'CONFIG_INVALID', 'quorum:'],
    ['an owner nobody knows', 'owners: [owner]', 'owners: [ghost]', 'CONFIG_INVALID', 'owners:'],
    ['one GitHub account for two', 'id: 1002', 'id: 1001', 'CONFIG_INVALID', 'login: ravi'],
    ['a role that is none', 'roles: { staging: approver }', 'roles: { staging: root }', 'CONFIG_INVALID', 'roles:'],
    ['an agent of nobody', 'onBehalfOf: owner', 'onBehalfOf: ghost', 'CONFIG_INVALID', 'onBehalfOf'],
    ['an agent of another target', 'targets: [staging]', 'targets: [moon]', 'CONFIG_INVALID', 'targets: ['],
    ['a token in the clear', /tokenDigest: .*/, 'tokenDigest: pwa_secret', 'CONFIG_INVALID', 'tokenDigest'],
    ['every namespace', 'namespaces: [staging-*]', "namespaces: ['*']", 'CONFIG_INVALID', 'namespaces:'],
  ])('%s', (_name, from, to, code, at) => {
    const text = first.replace(from, to);
    expect(text).not.toBe(first);
    const line = at === null ? expect.any(Number) : lineOf(text, at);
    const error = failure(() => parseConfig(text, FILE));
    expect(error).toMatchObject({ code, where: { file: FILE, line }, remedy: expect.stringMatching(/\w/) });
    expect((error as Error).message).not.toContain('pwa_secret');
  });

  test('every mistake is told at once', () => {
    const text = first.replace('quorum: 1', 'quorum: 0').replace('port: 7420', 'port: x').replace('id: 1002', 'id: -1');
    const { details } = failure(() => parseConfig(text, FILE)) as { details: { where: { line: number } }[] };
    expect(details.map(({ where }) => where.line)).toEqual(
      ['port: x', 'quorum: 0', 'id: -1'].map((at) => lineOf(text, at)),
    );
  });

  test.each(['', '[]', 'null', '- mode: sandbox'])('%j is no configuration', (text) => {
    expect(failure(() => parseConfig(text, FILE))).toMatchObject({
      code: 'CONFIG_INVALID',
      where: { file: FILE, line: 1 },
    });
  });
});

describe('a shipped persona file, broken at one place, is refused with file and line', () => {
  const shipped = readFileSync(join(process.cwd(), 'personas/devops.md'), 'utf8');
  test.each([
    ['a tool that does not exist', '  - cancel_run', '  - approve_run', 'approve_run'],
    ['a strategy that does not exist', 'strategy: change', 'strategy: decide', 'strategy:'],
    ['a ceiling that is none', 'affectedResources: 25', 'affectedResources: lots', 'riskCeiling:'],
    ['a setting nobody knows', 'reportStyle: change', 'reportStyle: change\nmayApprove: true', 'mayApprove'],
    ['a setting twice', 'reportStyle: change', 'reportStyle: change\nstrategy: review', 'strategy: review'],
  ])('%s', (_name, from, to, at) => {
    const text = shipped.replace(from, to);
    expect(text).not.toBe(shipped);
    expect(failure(() => parsePersona('devops', text, 'devops.md'))).toMatchObject({
      code: 'CONFIG_INVALID',
      where: { file: 'personas/devops.md', line: lineOf(text, at) },
    });
  });
});
