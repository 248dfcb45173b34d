/** The planwarden.yaml of a first start: one target, an owner for whom the agent acts, and a reviewer. */
export function firstConfig(agentTokenDigest: string): string {
  return `# Planwarden's configuration. A mistake is reported with its line; people, targets and agents are read again while it runs.
mode: sandbox # GitHub and the cluster are built in; mode real is not supported yet

listen:
  host: 127.0.0.1
  port: 7420

targets:
  - name: staging
    environment: staging
    repository: platform/infrastructure
    baseBranch: main
    path: environments/staging # every file of a change lies below this folder
    kind: manifests
    delivery: gitops # merging is applying: Argo CD carries it out
    cluster: staging
    argocd:
      rootApplication: staging-root
      rootPath: environments/staging/applications
      project: staging
      repoUrl: https://github.test/platform/infrastructure.git
      destination:
        server: https://kubernetes.default.svc
      namespaces: [staging-*]
    owners: [owner]
    quorum: 1
    leastAssurance: session # presence: every vote with a passkey
    # presenceVotes: 1 # so many votes with a passkey; where not written, 1 in production

people:
  - id: owner
    name: Olivia Owner
    github: { id: 1001, login: olivia-owner }
    persona: devops
    roles: { staging: approver }
  - id: reviewer
    name: Ravi Reviewer
    github: { id: 1002, login: ravi-reviewer }
    persona: sre
    roles: { staging: approver }

agents:
  - id: assistant
    onBehalfOf: owner # may never vote on what this agent asks for
    personas: [devops, security, sre]
    targets: [staging]
    tokenDigest: ${agentTokenDigest}
`;
}
