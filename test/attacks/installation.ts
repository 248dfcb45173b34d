import type { SeedApp, SeedUser } from '@planwarden/sandbox-github';
import { SoftwarePasskey } from '../../libs/approvals/src/authenticator.spec-kit.js';

/** The installation under attack: targets that ask for votes of every sort, people of every sort, and accounts at GitHub that are nobody's. */

const token = (name: string): string => `ghp_of_${name}_at_the_sandbox`;

/** Writes to the repository and is nobody in planwarden.yaml. */
export const MALLORY: SeedUser = {
  id: 6001,
  login: 'mallory',
  email: 'mallory@example.test',
  token: token('mallory'),
};
/** The person `rosa` after she renamed her account, and whoever took the name she had. */
export const ROSA: SeedUser = { id: 1005, login: 'rosa-as-she-is-now', token: token('rosa') };
export const TAKER: SeedUser = { id: 6005, login: 'rosa-approver', token: token('taker') };
/** A CI App that may write checks and reviews; somebody put its bot among the people. */
export const HELPER: SeedApp = {
  id: 601,
  slug: 'ci-helper',
  botId: 9100,
  installationId: 7100,
  token: token('helper'),
  permissions: { checks: 'write', contents: 'write', metadata: 'read', pull_requests: 'write' },
};

/** Passkeys that the operator wrote down. They stand for one of the synced kind, whose counter stays at zero. */
const site = { rpId: 'localhost', origin: 'http://localhost' };
export const PASSKEYS = {
  owner: new SoftwarePasskey(site, false),
  reviewer: new SoftwarePasskey(site, false),
} as const;
/** The reviewer's other one, a key that counts its uses, as keys one plugs in do. */
export const COUNTING_KEY = new SoftwarePasskey(site);

/** Files of the base branch: who owns what. */
export const SEED_FILES = { 'docs/CODEOWNERS': '/docs/ @tess-third\n' };

interface TargetSetting {
  readonly path?: string;
  readonly environment?: string;
  /** A stack, planned and applied there; manifests where not given. */
  readonly stackIn?: 'worker' | 'actions';
  /** Lines of its own. */
  readonly asks: readonly string[];
}

/** Every target of the installation, each with what it asks of votes. All but one are of one environment, the persona's. */
const TARGETS = {
  staging: { asks: ['quorum: 1'] },
  pair: { asks: ['quorum: 2'] },
  brief: { asks: ['quorum: 1', 'limits: { approvalExpirySeconds: 60 }'] },
  guarded: { asks: ['quorum: 2', 'presenceVotes: 1'] },
  sure: { asks: ['quorum: 1', 'leastAssurance: presence'] },
  secured: { asks: ['quorum: { votes: 1, roles: { security: 1 } }'] },
  docs: { path: 'docs', asks: ['quorum: 1'] },
  web: { path: 'stacks/web', stackIn: 'worker', asks: ['quorum: 1'] },
  jobs: { path: 'stacks/jobs', stackIn: 'actions', asks: ['quorum: 1'] },
  // Here the owner alone could vote.
  alone: { environment: 'production', asks: ['quorum: 1', 'presenceVotes: 0'] },
} as const satisfies Record<string, TargetSetting>;
export type TargetName = keyof typeof TARGETS;

export const isStack = (name: TargetName): boolean => 'stackIn' in TARGETS[name];

function target(name: string, setting: TargetSetting): string {
  const { path = `environments/${name}`, environment = 'staging', stackIn, asks } = setting;
  const manifests = `cluster: staging
    argocd:
      rootApplication: ${name}-root
      rootPath: ${path}/applications
      project: ${name}
      repoUrl: https://github.test/platform/infrastructure.git
      destination: { server: https://kubernetes.default.svc }
      namespaces: [${environment}-*]`;
  const stack = `kind: terraform
    stack: ${name}
    terraform: { binary: tofu, runner: ${stackIn} }`;
  return `
  - name: ${name}
    environment: ${environment}
    repository: platform/infrastructure
    path: ${path}
    ${stackIn === undefined ? manifests : stack}
    owners: [owner]
    ${asks.join('\n    ')}`;
}

function person(id: string, githubId: number, login: string, roles: string): string {
  const keys = id === 'owner' ? [PASSKEYS.owner] : id === 'reviewer' ? [PASSKEYS.reviewer, COUNTING_KEY] : [];
  const passkeys = keys.map((key) => `{ id: ${key.id}, publicKey: ${key.publicKey} }`).join(', ');
  return `
  - id: ${id}
    name: ${id}
    github: { id: ${githubId}, login: ${login} }
    persona: devops
    roles: { staging: ${roles} }${passkeys === '' ? '' : `\n    passkeys: [${passkeys}]`}`;
}

/** planwarden.yaml of the attacked installation, with the agent of the given one. */
export function attackedConfig(first: string): string {
  const digest = /tokenDigest: (sha256:[0-9a-f]{64})/.exec(first)?.[1] ?? '';
  const people: readonly (readonly [id: string, githubId: number, login: string, roles: string])[] = [
    ['owner', 1001, 'olivia-owner', 'approver, production: approver'],
    ['reviewer', 1002, 'ravi-reviewer', 'approver'],
    ['third', 1003, 'tess-third', 'approver'],
    ['watcher', 1004, 'walt-watcher', 'viewer'],
    ['rosa', ROSA.id, 'rosa-approver', '[approver, security]'],
    ['robot', HELPER.botId, 'ci-helper', 'approver'],
  ];
  return `mode: sandbox
targets:${Object.entries(TARGETS)
    .map(([name, setting]) => target(name, setting))
    .join('')}
people:${people.map((one) => person(...one)).join('')}
agents:
  - id: assistant
    onBehalfOf: owner
    personas: [devops, security, sre]
    targets: [${Object.keys(TARGETS).join(', ')}]
    tokenDigest: ${digest}
`;
}
