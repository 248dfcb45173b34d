import type {
  Freeze,
  ManifestPlan,
  ManifestTarget,
  Person,
  TerraformPlan,
  TerraformTarget,
  Vote,
} from '@planwarden/contracts';
import type { ConfirmPorts, JournalFacts, PlanNow } from './index.js';
import { buildSubject, filesDigest, peopleDigest, type SubjectParts, targetConfigurationDigest } from './index.js';

export const sha = (digit: string): string => digit.repeat(40);

export const person = (id: string, githubId: number, role: 'approver' | 'viewer' = 'approver'): Person => ({
  id,
  name: id,
  github: { id: githubId, login: id },
  persona: 'devops',
  roles: { staging: role },
});

export const owner = person('owner', 1);
export const reviewer = person('reviewer', 2);

export const target: ManifestTarget = {
  name: 'staging',
  environment: 'staging',
  repository: { owner: 'acme', name: 'infrastructure' },
  baseBranch: 'main',
  path: 'staging',
  kind: 'manifests',
  delivery: 'gitops',
  cluster: 'sandbox',
  argocd: {
    namespace: 'argocd',
    rootApplication: 'root',
    rootPath: 'staging/apps',
    project: 'default',
    repoUrl: 'http://git.test/acme/infrastructure.git',
    destination: { server: 'https://kubernetes.default.svc' },
    namespaces: ['web'],
  },
  owners: [],
  quorum: 1,
  leastAssurance: 'session',
  limits: { openRuns: 5, approvalExpirySeconds: 3600, verifyTimeoutSeconds: 60, holdForSeconds: 14_400 },
};

export const plan: ManifestPlan = {
  kind: 'manifest-plan/1',
  digest: `sha256:${'7'.repeat(64)}`,
  objects: [
    {
      cluster: 'sandbox',
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
      namespace: 'web',
      name: 'nginx',
      action: 'update',
      desiredFrom: 'dry-run',
      liveUid: 'u1',
      liveResourceVersion: '1',
      liveDigest: 'sha256:live',
      desiredDigest: 'sha256:desired',
      diff: [],
    },
  ],
  images: {},
  summary: { create: 0, update: 1, delete: 0, noop: 0 },
};

export const files = [{ path: 'staging/nginx.yaml', mode: '100644', blobSha: sha('9') }];

export const parts: SubjectParts = {
  installation: 'ins_1',
  run: 'run_1',
  round: 1,
  target: {
    name: 'staging',
    environment: 'staging',
    repositoryId: 11,
    baseBranch: 'main',
    path: 'staging',
    cluster: 'sandbox',
    delivery: 'gitops',
    configurationDigest: targetConfigurationDigest(target),
  },
  change: { baseSha: sha('a'), codeSha: sha('b'), filesDigest: filesDigest(files) },
  plan: { kind: 'manifest-plan/1', digest: plan.digest, toolVersions: { planwarden: '0.1.0' } },
  policy: { bundleDigest: 'sha256:bundle', inputDigest: 'sha256:input', decisionDigest: 'sha256:dec', waivers: [] },
  graph: { snapshotId: 'snap_1', factsDigest: 'sha256:facts' },
  requester: { principal: 'agent:helper', onBehalfOf: 'owner' },
  quorum: 1,
  demands: { presence: 0, roles: {}, owners: [] },
  expiresAt: '2030-01-01T01:00:00.000Z',
};

export const vote = (subjectDigest: string, more: Partial<Vote> = {}): Vote => ({
  subjectDigest,
  decision: 'approve',
  person: null,
  githubId: 2,
  road: 'pull_request_review',
  reference: 'review:1',
  reason: '',
  at: '2030-01-01T00:00:00.000Z',
  assurance: 'account',
  ...more,
});

export const start = new Date('2030-01-01T00:10:00.000Z');

/** A world in which everything agrees with a subject, ready to have one fact changed. */
export function world(built = buildSubject(parts), digestInEvidence: string = built.digest) {
  const clock = { now: start };
  const journal: JournalFacts = {
    installation: 'ins_1',
    requester: parts.requester,
    quorum: 1,
    demands: parts.demands,
    expiresAt: parts.expiresAt,
    policy: parts.policy,
    graph: parts.graph,
    evidenceSha: sha('e'),
    plan,
    toolVersions: parts.plan.toolVersions,
    blockDigest: 'sha256:block',
    earlierDigests: [],
    discardedBy: null,
    applied: false,
  };
  const ports: ConfirmPorts = {
    now: async () => clock.now,
    peopleDigest: async () => peopleDigest([owner, reviewer]),
    policyBundleDigest: async () => 'sha256:bundle',
    targetConfigurationDigest: async () => targetConfigurationDigest(target),
    freeze: async () => null,
    storedSubject: async () => ({ json: built.json, digest: built.digest }),
    journal: async () => journal,
    target: async () => target,
    people: async () => [owner, reviewer],
    pullRequest: async () => pull,
    evidence: async () => evidence,
    base: async () => base,
    changedFiles: async () => files,
    planNow: async () => ({ kind: 'manifest-plan/1', plan, toolVersions: parts.plan.toolVersions }),
    factsDigest: async () => 'sha256:facts',
    judgeAgain: async () => ({ allow: true, quorum: 1 }),
    votes: async (digest) => ({ votes: [vote(digest)], uncounted: [] }),
    voters: async () => ({
      authors: { githubIds: [], unknown: false },
      agents: { ids: ['helper'], githubIds: [90] },
      bots: { githubIds: [91] },
    }),
    demands: async () => parts.demands,
    breakGlass: async () => null,
    mergeAcceptance: async () => ({ missing: [] }),
    protection: async () => ({ missing: [] }),
    approvalDecision: async () => decision(true),
  };
  const pull = {
    state: 'open' as const,
    headSha: sha('e'),
    baseBranch: 'main',
    headDescendsFromEvidence: true,
    mergeSha: null,
    by: null,
    blockDigest: 'sha256:block',
    wasBlockOther: false,
  };
  const evidence = {
    sha: sha('e'),
    parents: [sha('b')],
    tree: sha('1'),
    parentTree: sha('1'),
    trailers: [digestInEvidence],
    workflowsDigest: null,
  };
  const base = { repositoryId: 11, mergeBase: sha('a'), tipSubtree: sha('2'), mergeBaseSubtree: sha('2') };
  return { ports, journal, pull, evidence, base, clock, built };
}

export const stackTarget: TerraformTarget = {
  name: 'network',
  environment: 'staging',
  repository: target.repository,
  baseBranch: 'main',
  path: 'stacks/network',
  kind: 'terraform',
  delivery: 'apply',
  stack: 'network',
  terraform: {
    binary: 'tofu',
    runner: 'worker',
    workflow: { startSeconds: 60, endSeconds: 600 },
    providers: [],
    state: { kind: 'local' },
  },
  owners: [],
  quorum: 1,
  leastAssurance: 'session',
  limits: target.limits,
};

export const stackPlan: TerraformPlan = {
  kind: 'terraform-plan/1',
  digest: `sha256:${'5'.repeat(64)}`,
  fileDigest: `sha256:${'6'.repeat(64)}`,
  lockDigest: 'sha256:lock',
  state: { lineage: 'b2f6', serial: 4 },
  resources: [],
  drift: [],
  providers: [],
  modules: [],
  summary: { create: 0, update: 0, delete: 0, replace: 0, noop: 0 },
};
const stackTools = { terraform: '1.11.4' };

const stackParts = (at: TerraformTarget): SubjectParts => ({
  ...parts,
  target: {
    name: at.name,
    environment: at.environment,
    repositoryId: 11,
    baseBranch: at.baseBranch,
    path: at.path,
    stack: at.stack,
    delivery: at.delivery,
    configurationDigest: targetConfigurationDigest(at),
  },
  plan: {
    kind: stackPlan.kind,
    digest: stackPlan.digest,
    fileDigest: stackPlan.fileDigest,
    lockDigest: stackPlan.lockDigest,
    state: stackPlan.state,
    toolVersions: stackTools,
  },
});

/** The same for a stack whose saved plan a worker keeps. */
export function terraformWorld(built = buildSubject(stackParts(stackTarget)), at = stackTarget) {
  const made = world(built);
  const journal: JournalFacts = { ...made.journal, plan: stackPlan, toolVersions: stackTools };
  const now: PlanNow = {
    kind: 'terraform-plan/1',
    fileDigest: stackPlan.fileDigest,
    lockDigest: stackPlan.lockDigest,
    state: stackPlan.state,
    toolVersions: stackTools,
  };
  const ports: ConfirmPorts = {
    ...made.ports,
    journal: async () => journal,
    target: async () => at,
    targetConfigurationDigest: async () => targetConfigurationDigest(at),
    planNow: async () => now,
  };
  return { ...made, journal, ports, now };
}

/** The same where the shipped workflows plan and apply. */
export function actionsWorld(given?: ReturnType<typeof buildSubject>) {
  const at: TerraformTarget = { ...stackTarget, terraform: { ...stackTarget.terraform, runner: 'actions' } };
  const workflowsDigest = 'sha256:workflows';
  const own = stackParts(at);
  const built = given ?? buildSubject({ ...own, change: { ...own.change, workflowsDigest } });
  const made = terraformWorld(built, at);
  const evidence = { ...made.evidence, workflowsDigest };
  return { ...made, evidence, ports: { ...made.ports, evidence: async () => evidence } };
}

export const decision = (allow: boolean) => ({
  id: 'dec_1',
  phase: 'approval' as const,
  allow,
  findings: [],
  rulesEvaluated: [],
  bundleDigest: 'sha256:bundle',
  inputDigest: 'sha256:input',
  digest: 'sha256:d',
  run: 'run_1',
  round: 1,
  step: 'confirm',
  at: '2030-01-01T00:10:00.000Z',
});

export const freeze: Freeze = {
  id: 'frz_1',
  environment: 'staging',
  reason: 'the shop has a sale',
  by: 'owner',
  at: '2030-01-01T00:00:00.000Z',
  from: '2030-01-01T00:00:00.000Z',
  until: null,
  lifted: null,
  active: true,
};
