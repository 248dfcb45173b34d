import { describe, expect, test } from '@jest/globals';
import { PlanwardenError, type Subject, type TerraformPlan } from '@planwarden/contracts';
import fc from 'fast-check';
import {
  decision,
  freeze,
  owner,
  parts,
  person,
  plan,
  reviewer,
  sha,
  target,
  vote,
  world,
} from './confirm-world.spec-kit.js';
import {
  assertFresh,
  buildSubject,
  type ConfirmPorts,
  confirm,
  type JournalFacts,
  type PlanNow,
  subjectDigest,
} from './index.js';

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

// gate: stored-hashes, one-field-changed
describe('a stored subject that was tampered with', () => {
  const leaves = (value: unknown, path: string[] = []): string[][] =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !['toolVersions', 'roles'].includes(path.at(-1) ?? '')
      ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
      : [path];
  const fields = leaves(buildSubject(parts).subject);

  function tamper(path: string[], salt: string, number: number): Subject {
    const subject = structuredClone(buildSubject(parts).subject);
    const key = path.at(-1) ?? '';
    const holder = path
      .slice(0, -1)
      .reduce<Record<string, unknown>>(
        (inner, name) => inner[name] as Record<string, unknown>,
        subject as unknown as Record<string, unknown>,
      );
    const value = holder[key];
    if (typeof value === 'number') holder[key] = value + number;
    else if (Array.isArray(value) && key !== 'owners') holder[key] = [salt];
    else if (key === 'roles') holder[key] = { security: number };
    else if (key === 'owners') holder[key] = [{ pattern: salt, people: [], unknown: [] }];
    else if (typeof value === 'object' && value !== null) holder[key] = { planwarden: `0.1.0${salt}` };
    else holder[key] = key === 'delivery' ? 'direct' : `${String(value)}${salt}`;
    return subject;
  }

  test('is refused naming the field, even with a matching digest, votes and evidence commit', async () => {
    expect(fields.length).toBeGreaterThanOrEqual(26);
    for (const path of fields) {
      const property = fc.asyncProperty(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 99 }), async (s, n) => {
        const subject = tamper(path, s, n);
        const digest = subjectDigest(subject);
        const w = world({ subject, json: JSON.stringify(subject), digest });
        const outcome = await confirm(w.ports, request);
        // A tampered base or code commit is found where the commits are read.
        expect(outcome).toMatchObject({ kind: 'new-round', field: path.join('.') });
      });
      await fc.assert(property, { numRuns: 10 });
    }
  });

  test('is refused when only the text was changed and the digest kept', async () => {
    for (const path of fields) {
      const subject = tamper(path, 'x', 1);
      const outcome = await confirmWith((w) => ({
        storedSubject: async () => ({ json: JSON.stringify(subject), digest: w.built.digest }),
      }));
      expect(outcome).toMatchObject({ kind: 'new-round', code: 'SUBJECT_CHANGED' });
    }
  });

  test('is refused with one more key', async () => {
    const outcome = await confirmWith((w) => ({
      storedSubject: async () => ({ json: JSON.stringify({ ...w.built.subject, extra: 1 }), digest: w.built.digest }),
    }));
    expect(outcome).toMatchObject({ kind: 'new-round', code: 'SUBJECT_CHANGED', field: 'extra' });
  });
});

/** Every fact outside, changed to anything else: the code that refuses it, or null where neutral keeps the votes. */
const outside: Record<string, (w: World, other: string) => [code: string | null, Partial<ConfirmPorts>]> = {
  head: (w, other) => ['HEAD_MOVED', { pullRequest: async () => ({ ...w.pull, headSha: other }) }],
  'base branch': (w, other) => ['BASE_MOVED', { pullRequest: async () => ({ ...w.pull, baseBranch: other }) }],
  'text of the PR': (w, other) => ['PR_TEXT_EDITED', { pullRequest: async () => ({ ...w.pull, blockDigest: other }) }],
  'evidence commit': (w, other) => ['EVIDENCE_DIFFERS', { evidence: async () => ({ ...w.evidence, sha: other }) }],
  parent: (w, other) => ['EVIDENCE_DIFFERS', { evidence: async () => ({ ...w.evidence, parents: [other] }) }],
  tree: (w, other) => ['TREE_DIFFERS', { evidence: async () => ({ ...w.evidence, tree: other }) }],
  trailer: (w, other) => ['EVIDENCE_DIFFERS', { evidence: async () => ({ ...w.evidence, trailers: [other] }) }],
  'merge base': (w, other) => ['BASE_MOVED', { base: async () => ({ ...w.base, mergeBase: other }) }],
  'base below the path': (w, other) => ['BASE_MOVED', { base: async () => ({ ...w.base, tipSubtree: other }) }],
  blob: (_, other) => [
    'TREE_DIFFERS',
    { changedFiles: async () => [{ path: 'staging/nginx.yaml', mode: '100644', blobSha: other }] },
  ],
  plan: (_, other) => [
    'PLAN_STALE',
    {
      planNow: async () => ({
        kind: plan.kind,
        plan: { ...plan, digest: other },
        toolVersions: parts.plan.toolVersions,
      }),
    },
  ],
  tools: (_, other) => [
    'TOOLS_CHANGED',
    { planNow: async () => ({ kind: plan.kind, plan, toolVersions: { planwarden: other } }) },
  ],
  'live object': (_, other) => [
    'LIVE_CHANGED',
    {
      planNow: async () => ({
        kind: plan.kind,
        plan: { ...plan, digest: other, objects: plan.objects.map((one) => ({ ...one, liveDigest: other })) },
        toolVersions: parts.plan.toolVersions,
      }),
    },
  ],
  target: (_, other) => ['TARGET_CHANGED', { target: async () => ({ ...target, path: other }) }],
  'policy, neutral': (_, other) => [null, { policyBundleDigest: async () => other }],
  'policy, worse': (_, other) => [
    'POLICY_CHANGED',
    { policyBundleDigest: async () => other, judgeAgain: async () => ({ allow: false, quorum: 1 }) },
  ],
  'facts, neutral': (_, other) => [null, { factsDigest: async () => other }],
  'facts, worse': (_, other) => [
    'FACTS_CHANGED',
    { factsDigest: async () => other, judgeAgain: async () => ({ allow: false, quorum: 1 }) },
  ],
  owners: (_, other) => [
    'QUORUM_RAISED',
    { demands: async () => ({ ...parts.demands, owners: [{ pattern: other, people: [], unknown: [] }] }) },
  ],
  freeze: (_, other) => ['FREEZE', { freeze: async () => ({ ...freeze, reason: other }) }],
  'what GitHub demands': (_, other) => ['MERGE_BLOCKED', { mergeAcceptance: async () => ({ missing: [other] }) }],
  votes: (_, other) => ['VOTES_BELOW_QUORUM', { votes: async () => ({ votes: [vote(other)], uncounted: [] }) }],
};

// gate: one-fact-changed, neutral-keeps
test.each(Object.entries(outside))('a change of %s alone is refused by its own code, or kept', async (_, change) => {
  const property = fc.asyncProperty(fc.string({ minLength: 1 }), async (salt) => {
    const w = world();
    const [code, ports] = change(w, `other-${salt}`);
    const outcome = await confirm({ ...w.ports, ...ports }, request);
    expect('code' in outcome ? outcome.code : outcome.kind).toBe(code ?? 'approved');
  });
  await fc.assert(property, { numRuns: 15 });
});

describe('a Terraform plan', () => {
  const state = { lineage: 'b2f6', serial: 4 };
  const digests = {
    digest: `sha256:${'5'.repeat(64)}`,
    fileDigest: `sha256:${'6'.repeat(64)}`,
    lockDigest: 'sha256:l',
  };
  const planned: TerraformPlan = {
    kind: 'terraform-plan/1',
    ...digests,
    state,
    resources: [],
    drift: [],
    ...{ providers: [], modules: [] },
    summary: { create: 0, update: 0, delete: 0, replace: 0, noop: 0 },
  };
  const toolVersions = { terraform: '1.11.4' };
  const terraformWorld = (more: Partial<JournalFacts> = {}) => {
    const made = world(buildSubject({ ...parts, plan: { kind: planned.kind, ...digests, state, toolVersions } }));
    const now: PlanNow = {
      kind: 'terraform-plan/1',
      fileDigest: planned.fileDigest,
      lockDigest: planned.lockDigest,
      state,
      toolVersions,
    };
    const journal = { ...made.journal, plan: planned, toolVersions, ...more };
    return { ...made, ports: { ...made.ports, journal: async () => journal, planNow: async () => now }, now };
  };

  test('is approved while the saved file is the approved one and the state has not moved', async () => {
    await expect(confirm(terraformWorld().ports, request)).resolves.toMatchObject({ kind: 'approved' });
  });

  test.each<[string, Partial<PlanNow>, string, string]>([
    ['the state went on', { state: { ...state, serial: 5 } }, 'STATE_CHANGED', 'plan.state.serial'],
    ['the state is another', { state: { ...state, lineage: 'c3' } }, 'STATE_CHANGED', 'plan.state.lineage'],
    ['the saved file is another', { fileDigest: 'sha256:other' }, 'PLAN_FILE_DIFFERS', 'plan.fileDigest'],
    ['the saved file is gone', { fileDigest: null }, 'PLAN_FILE_DIFFERS', 'plan.fileDigest'],
    ['the lock file is another', { lockDigest: 'sha256:other' }, 'LOCK_FILE_CHANGED', 'plan.lockDigest'],
    ['the tool is another', { toolVersions: { terraform: '1.12.0' } }, 'TOOLS_CHANGED', 'plan.toolVersions'],
  ])('begins a new round when %s', async (_, change, code, field) => {
    const { ports, now } = terraformWorld();
    const moved = { ...ports, planNow: async () => ({ ...now, ...change }) as PlanNow };
    await expect(confirm(moved, request)).resolves.toMatchObject({ kind: 'new-round', code, field });
  });

  test.each<[string, Partial<TerraformPlan>, string]>([
    ['another file', { fileDigest: 'sha256:other' }, 'plan.fileDigest'],
    ['another lock file', { lockDigest: 'sha256:other' }, 'plan.lockDigest'],
    ['another state', { state: { ...state, serial: 3 } }, 'plan.state'],
  ])('is refused when the journal recorded %s than the subject', async (_, change, field) => {
    const { ports } = terraformWorld({ plan: { ...planned, ...change } });
    await expect(confirm(ports, request)).resolves.toMatchObject({ kind: 'new-round', code: 'SUBJECT_CHANGED', field });
  });

  test('is nothing to release where it is only a preview', async () => {
    const { resources, summary, digest } = planned;
    const preview = { kind: 'terraform-preview/1' as const, digest, resources, summary };
    for (const applied of [false, true]) {
      const { ports } = terraformWorld({ plan: preview, applied });
      await expect(confirm(ports, request)).rejects.toMatchObject({ code: 'PLAN_UNAVAILABLE', failure: 'final' });
    }
  });

  // gate: merge-after-apply
  describe('that was applied', () => {
    test('is merged without votes, freeze, state or expiry being asked again', async () => {
      const { ports } = terraformWorld({ applied: true });
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
      const { ports, pull } = terraformWorld({ applied: true });
      const moved = { ...ports, pullRequest: async () => ({ ...pull, ...change }) };
      await expect(confirm(moved, request)).resolves.toMatchObject({ kind: 'unmerged', code });
    });

    test('waits for a person when the base moved or GitHub would not take the merge', async () => {
      const { ports, base } = terraformWorld({ applied: true });
      const moved = { ...ports, base: async () => ({ ...base, tipSubtree: sha('7') }) };
      await expect(confirm(moved, request)).resolves.toMatchObject({ kind: 'unmerged', code: 'BASE_MOVED' });
      const blocked = { ...ports, mergeAcceptance: async () => ({ missing: ['a review'] }) };
      await expect(confirm(blocked, request)).resolves.toMatchObject({ kind: 'unmerged', code: 'MERGE_BLOCKED' });
    });
  });
});
