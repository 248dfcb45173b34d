import { describe, expect, test } from '@jest/globals';
import { PlanwardenError, type TerraformPlan } from '@planwarden/contracts';
import {
  decision,
  freeze,
  owner,
  parts,
  person,
  plan,
  reviewer,
  sha,
  stackPlan,
  target,
  terraformWorld,
  vote,
  world,
} from './confirm-world.spec-kit.js';
import { assertFresh, buildSubject, type ConfirmPorts, confirm, type JournalFacts, type PlanNow } from './index.js';

const request = { run: 'run_1', round: 1, fence: 7 };
type World = ReturnType<typeof world>;
const confirmWith = (change: (w: World) => Partial<ConfirmPorts>) => {
  const w = world();
  return confirm({ ...w.ports, ...change(w) }, request);
};

test('gives an Approval when every fact agrees and the quorum is reached', async () => {
  const w = world();
  const outcome = await confirm(w.ports, request);
  expect(outcome).toMatchObject({ kind: 'approved', tally: { reached: true } });
  if (outcome.kind !== 'approved') throw new Error('not approved');
  expect(outcome.approval.subjectDigest).toBe(w.built.digest);
  expect(outcome.approval.evidenceSha).toBe(sha('e'));
});

// gate: evidence-commit, neutral-keeps
const newRounds: [string, string, (w: World) => Partial<ConfirmPorts>][] = [
  ['no subject is stored', 'SUBJECT_CHANGED', () => ({ storedSubject: async () => null })],
  ['the branch moved', 'HEAD_MOVED', (w) => ({ pullRequest: async () => ({ ...w.pull, headSha: sha('f') }) })],
  [
    'the PR text was edited',
    'PR_TEXT_EDITED',
    (w) => ({ pullRequest: async () => ({ ...w.pull, blockDigest: null }) }),
  ],
  [
    'evidence is another commit',
    'EVIDENCE_DIFFERS',
    (w) => ({ evidence: async () => ({ ...w.evidence, sha: sha('f') }) }),
  ],
  [
    'evidence has another parent',
    'EVIDENCE_DIFFERS',
    (w) => ({ evidence: async () => ({ ...w.evidence, parents: [sha('f')] }) }),
  ],
  [
    'evidence has two parents',
    'EVIDENCE_DIFFERS',
    (w) => ({ evidence: async () => ({ ...w.evidence, parents: [sha('b'), sha('f')] }) }),
  ],
  [
    'evidence names no subject',
    'EVIDENCE_DIFFERS',
    (w) => ({ evidence: async () => ({ ...w.evidence, trailers: [] }) }),
  ],
  [
    'evidence names two subjects',
    'EVIDENCE_DIFFERS',
    (w) => ({ evidence: async () => ({ ...w.evidence, trailers: [w.built.digest, 'x'] }) }),
  ],
  [
    'evidence carries other files',
    'TREE_DIFFERS',
    (w) => ({ evidence: async () => ({ ...w.evidence, tree: sha('3') }) }),
  ],
  [
    'the workflow files are others',
    'WORKFLOWS_DIFFER',
    (w) => ({ evidence: async () => ({ ...w.evidence, workflowsDigest: 'sha256:other' }) }),
  ],
  [
    'the base changed below the path',
    'BASE_MOVED',
    (w) => ({ base: async () => ({ ...w.base, tipSubtree: sha('3') }) }),
  ],
  ['the merge base is another', 'BASE_MOVED', (w) => ({ base: async () => ({ ...w.base, mergeBase: sha('3') }) })],
  ['the repository is another', 'TARGET_CHANGED', (w) => ({ base: async () => ({ ...w.base, repositoryId: 12 }) })],
  [
    'a blob differs',
    'TREE_DIFFERS',
    () => ({ changedFiles: async () => [{ path: 'staging/nginx.yaml', mode: '100644', blobSha: sha('8') }] }),
  ],
  [
    'a mode differs',
    'TREE_DIFFERS',
    () => ({ changedFiles: async () => [{ path: 'staging/nginx.yaml', mode: '100755', blobSha: sha('9') }] }),
  ],
  [
    'the plan differs',
    'PLAN_STALE',
    () => ({
      planNow: async () => ({
        kind: 'manifest-plan/1',
        plan: { ...plan, digest: 'sha256:x' },
        toolVersions: parts.plan.toolVersions,
      }),
    }),
  ],
  [
    'the tools differ',
    'TOOLS_CHANGED',
    () => ({ planNow: async () => ({ kind: 'manifest-plan/1', plan, toolVersions: { planwarden: '0.2.0' } }) }),
  ],
  [
    'a live object changed',
    'LIVE_CHANGED',
    () => ({
      planNow: async () => ({
        kind: 'manifest-plan/1',
        plan: { ...plan, digest: 'sha256:x', objects: plan.objects.map((o) => ({ ...o, liveDigest: 'sha256:other' })) },
        toolVersions: parts.plan.toolVersions,
      }),
    }),
  ],
  [
    'a changed policy denies',
    'POLICY_CHANGED',
    () => ({ policyBundleDigest: async () => 'sha256:new', judgeAgain: async () => ({ allow: false, quorum: 1 }) }),
  ],
  [
    'a changed policy asks for more votes',
    'POLICY_CHANGED',
    () => ({ policyBundleDigest: async () => 'sha256:new', judgeAgain: async () => ({ allow: true, quorum: 2 }) }),
  ],
  [
    'changed facts deny',
    'FACTS_CHANGED',
    () => ({ factsDigest: async () => 'sha256:new', judgeAgain: async () => ({ allow: false, quorum: 1 }) }),
  ],
  [
    'another owner is asked for',
    'QUORUM_RAISED',
    () => ({ demands: async () => ({ ...parts.demands, owners: [{ pattern: '*', people: ['third'], unknown: [] }] }) }),
  ],
  [
    'a role is asked for',
    'QUORUM_RAISED',
    () => ({ demands: async () => ({ ...parts.demands, roles: { security: 1 } }) }),
  ],
  ['presence is asked for', 'QUORUM_RAISED', () => ({ demands: async () => ({ ...parts.demands, presence: 1 }) })],
  ['the target changed', 'TARGET_CHANGED', () => ({ target: async () => ({ ...target, quorum: 2 }) })],
];
test.each(newRounds)('starts a new round when %s: %s', async (_, code, change) => {
  expect(await confirmWith(change)).toMatchObject({ kind: 'new-round', code });
});

test.each([
  ['policy', { policyBundleDigest: async () => 'sha256:new' }],
  ['facts', { factsDigest: async () => 'sha256:new' }],
])('keeps the votes when changed %s judge the change no worse', async (_, change) => {
  expect(await confirmWith(() => change)).toMatchObject({ kind: 'approved' });
});

test('keeps the votes when less is asked for now', async () => {
  const asked = { presence: 0, roles: { security: 1 }, owners: [{ pattern: '*', people: ['reviewer'], unknown: [] }] };
  const w = world(buildSubject({ ...parts, demands: asked }));
  const security = { ...reviewer, roles: { staging: ['approver', 'security'] } };
  const people = [owner, security];
  const { peopleDigest } = await import('./index.js');
  const ports = {
    ...w.ports,
    journal: async () => ({ ...w.journal, demands: asked }),
    people: async () => people,
    peopleDigest: async () => peopleDigest(people),
  };
  expect(await confirm(ports, request)).toMatchObject({ kind: 'approved' });
});

const waits: [string, string, (w: World) => Partial<ConfirmPorts>][] = [
  ['nobody voted', 'VOTES_BELOW_QUORUM', () => ({ votes: async () => ({ votes: [], uncounted: [] }) })],
  [
    'the votes name another subject',
    'VOTES_BELOW_QUORUM',
    () => ({ votes: async () => ({ votes: [vote('sha256:other')], uncounted: [] }) }),
  ],
  ['the approver lost the role', 'VOTES_BELOW_QUORUM', () => ({})],
  [
    'one rejects',
    'VOTE_REJECTED',
    () => ({
      votes: async (d) => ({
        votes: [vote(d), vote(d, { decision: 'reject', at: '2030-01-01T00:01:00.000Z' })],
        uncounted: [],
      }),
    }),
  ],
  ['applies are frozen', 'FREEZE', () => ({ freeze: async () => freeze })],
  [
    'GitHub would refuse the merge',
    'MERGE_BLOCKED',
    () => ({ mergeAcceptance: async () => ({ missing: ['1 approving review'] }) }),
  ],
  [
    'the repository lacks a protection',
    'UNPROTECTED',
    () => ({ protection: async () => ({ missing: ['no-force-push'] }) }),
  ],
  [
    'GitHub is down',
    'OUTSIDE_UNAVAILABLE',
    () => ({
      base: async () => {
        throw new PlanwardenError('OUTSIDE_UNAVAILABLE', 'GitHub is away', { remedy: 'Wait.', failure: 'retryable' });
      },
    }),
  ],
];
test.each(waits)('keeps waiting when %s: %s', async (name, code, change) => {
  const w = world();
  const lostRole = name.includes('lost the role') ? [owner, person('reviewer', 2, 'viewer')] : [owner, reviewer];
  const { peopleDigest } = await import('./index.js');
  const people = { people: async () => lostRole, peopleDigest: async () => peopleDigest(lostRole) };
  expect(await confirm({ ...w.ports, ...people, ...change(w) }, request)).toMatchObject({ kind: 'keep-waiting', code });
});

// gate: outcomes, approval-phase-denies, own-merge, discard-ends
describe('ends', () => {
  test.each([
    ['closed', 'PR_CLOSED'],
    ['merged_by_others', 'PR_MERGED_BY_OTHERS'],
  ] as const)('superseded when the PR is %s, naming who', async (state, code) => {
    const outcome = await confirmWith((w) => ({ pullRequest: async () => ({ ...w.pull, state, by: 'mallory' }) }));
    expect(outcome).toMatchObject({ kind: 'superseded', code, by: 'mallory' });
  });

  test('superseded when somebody points the PR at another base branch', async () => {
    const outcome = await confirmWith((w) => ({ pullRequest: async () => ({ ...w.pull, baseBranch: 'elsewhere' }) }));
    expect(outcome).toMatchObject({ kind: 'superseded', code: 'BASE_MOVED' });
  });

  test('superseded after a force-push', async () => {
    const outcome = await confirmWith((w) => ({
      pullRequest: async () => ({ ...w.pull, headSha: sha('f'), headDescendsFromEvidence: false, by: 'mallory' }),
    }));
    expect(outcome).toMatchObject({ kind: 'superseded', code: 'HEAD_MOVED' });
  });

  test('expired, discarded, denied', async () => {
    const expired = world();
    expired.clock.now = new Date('2030-01-01T01:00:00.000Z');
    expect(await confirm(expired.ports, request)).toMatchObject({ kind: 'expired', code: 'SUBJECT_EXPIRED' });
    expect(await confirmWith((w) => ({ journal: async () => ({ ...w.journal, discardedBy: 'owner' }) }))).toEqual({
      kind: 'discarded',
      by: 'owner',
    });
    const denied = await confirmWith(() => ({ approvalDecision: async () => decision(false) }));
    expect(denied.kind).toBe('denied');
  });

  test('released, never twice, when an earlier attempt already merged our commit', async () => {
    const outcome = await confirmWith((w) => ({
      pullRequest: async () => ({ ...w.pull, state: 'merged_by_us', mergeSha: sha('d') }),
      storedSubject: async () => null,
    }));
    expect(outcome).toEqual({ kind: 'released', mergeSha: sha('d') });
  });
});

test('passes on what a port throws for any other reason', async () => {
  const broken = () => ({ base: () => Promise.reject(new Error('bug')) });
  await expect(confirmWith(broken)).rejects.toThrow('bug');
});

describe('a Terraform plan', () => {
  const { state } = stackPlan;
  const stackWorld = (more: Partial<JournalFacts> = {}) => {
    const made = terraformWorld();
    const journal = { ...made.journal, ...more };
    return { ...made, ports: { ...made.ports, journal: async () => journal } };
  };

  test('is approved while the saved file is the approved one and the state has not moved', async () => {
    await expect(confirm(stackWorld().ports, request)).resolves.toMatchObject({ kind: 'approved' });
  });

  test.each<[string, Partial<PlanNow>, string, string]>([
    ['the state went on', { state: { ...state, serial: 5 } }, 'STATE_CHANGED', 'plan.state.serial'],
    ['the state is another', { state: { ...state, lineage: 'c3' } }, 'STATE_CHANGED', 'plan.state.lineage'],
    ['the saved file is another', { fileDigest: 'sha256:other' }, 'PLAN_FILE_DIFFERS', 'plan.fileDigest'],
    ['the saved file is gone', { fileDigest: null }, 'PLAN_FILE_DIFFERS', 'plan.fileDigest'],
    ['the lock file is another', { lockDigest: 'sha256:other' }, 'LOCK_FILE_CHANGED', 'plan.lockDigest'],
    ['the tool is another', { toolVersions: { terraform: '1.12.0' } }, 'TOOLS_CHANGED', 'plan.toolVersions'],
  ])('begins a new round when %s', async (_, change, code, field) => {
    const { ports, now } = stackWorld();
    const moved = { ...ports, planNow: async () => ({ ...now, ...change }) as PlanNow };
    await expect(confirm(moved, request)).resolves.toMatchObject({ kind: 'new-round', code, field });
  });

  test.each<[string, Partial<TerraformPlan>, string]>([
    ['another file', { fileDigest: 'sha256:other' }, 'plan.fileDigest'],
    ['another lock file', { lockDigest: 'sha256:other' }, 'plan.lockDigest'],
    ['another state', { state: { ...state, serial: 3 } }, 'plan.state.serial'],
  ])('is refused when the journal recorded %s than the subject', async (_, change, field) => {
    const { ports } = stackWorld({ plan: { ...stackPlan, ...change } });
    await expect(confirm(ports, request)).resolves.toMatchObject({ kind: 'new-round', code: 'SUBJECT_CHANGED', field });
  });

  test('is nothing to release where it is only a preview', async () => {
    const { resources, summary, digest } = stackPlan;
    const preview = { kind: 'terraform-preview/1' as const, digest, resources, summary };
    for (const applied of [false, true]) {
      const { ports } = stackWorld({ plan: preview, applied });
      await expect(confirm(ports, request)).rejects.toMatchObject({ code: 'PLAN_UNAVAILABLE', failure: 'final' });
    }
  });

  // gate: merge-after-apply
  describe('that was applied', () => {
    test('is merged without votes, freeze, state or expiry being asked again', async () => {
      const { ports } = stackWorld({ applied: true });
      const later = {
        ...ports,
        now: async () => new Date(Date.parse(parts.expiresAt) + 1000),
        votes: async () => ({ votes: [], uncounted: [] }),
        planNow: async () => Promise.reject(new Error('not asked')),
      };
      const outcome = await confirm(later, request);
      if (outcome.kind !== 'approved') throw new Error(outcome.kind);
      await expect(assertFresh(outcome.approval, 7, later, 'merge')).resolves.toBeUndefined();
      await expect(assertFresh(outcome.approval, 7, later, 'apply')).rejects.toMatchObject({ code: 'APPROVAL_SPENT' });
    });

    test.each<[string, object, string]>([
      ['the head moved', { headSha: sha('d') }, 'HEAD_MOVED'],
      ['the pull request was closed', { state: 'closed' as const }, 'PR_CLOSED'],
      ['somebody forced the branch', { headDescendsFromEvidence: false }, 'HEAD_MOVED'],
    ])('waits for a person when %s', async (_, change, code) => {
      const { ports, pull } = stackWorld({ applied: true });
      const moved = { ...ports, pullRequest: async () => ({ ...pull, ...change }) };
      await expect(confirm(moved, request)).resolves.toMatchObject({ kind: 'unmerged', code });
    });

    test('waits for a person when the base moved or GitHub would not take the merge', async () => {
      const { ports, base } = stackWorld({ applied: true });
      const moved = { ...ports, base: async () => ({ ...base, tipSubtree: sha('7') }) };
      await expect(confirm(moved, request)).resolves.toMatchObject({ kind: 'unmerged', code: 'BASE_MOVED' });
      const blocked = { ...ports, mergeAcceptance: async () => ({ missing: ['a review'] }) };
      await expect(confirm(blocked, request)).resolves.toMatchObject({ kind: 'unmerged', code: 'MERGE_BLOCKED' });
    });
  });
});
