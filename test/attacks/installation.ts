import type { SeedApp, SeedUser } from '@planwarden/sandbox-github';

/** The installation under attack: two targets, people of every sort, and accounts at GitHub that are nobody's. */

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

const target = (name: string, quorum: number, more = ''): string => `
  - name: ${name}
    environment: staging # the persona's
    repository: platform/infrastructure
    path: environments/${name}
    cluster: staging
    argocd:
      rootApplication: ${name}-root
      rootPath: environments/${name}/applications
      project: ${name}
      repoUrl: https://github.test/platform/infrastructure.git
      destination: { server: https://kubernetes.default.svc }
      namespaces: [staging-*]
    owners: [owner]
    quorum: ${quorum}${more}`;

const person = (id: string, githubId: number, login: string, role: string): string => `
  - id: ${id}
    name: ${id}
    github: { id: ${githubId}, login: ${login} }
    persona: devops
    roles: { staging: ${role} }`;

/** planwarden.yaml of the attacked installation, with the agent of the given one. */
export function attackedConfig(first: string): string {
  const digest = /tokenDigest: (sha256:[0-9a-f]{64})/.exec(first)?.[1] ?? '';
  return `mode: sandbox
targets:${target('staging', 1)}${target('pair', 2)}${target('brief', 1, '\n    limits: { approvalExpirySeconds: 60 }')}
people:${person('owner', 1001, 'olivia-owner', 'approver')}${person('reviewer', 1002, 'ravi-reviewer', 'approver')}${person('third', 1003, 'tess-third', 'approver')}${person('watcher', 1004, 'walt-watcher', 'viewer')}${person('rosa', ROSA.id, 'rosa-approver', 'approver')}${person('robot', HELPER.botId, 'ci-helper', 'approver')}
agents:
  - id: assistant
    onBehalfOf: owner
    personas: [devops, security, sre]
    targets: [staging, pair, brief]
    tokenDigest: ${digest}
`;
}
