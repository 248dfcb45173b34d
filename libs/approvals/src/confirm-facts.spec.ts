import { describe, expect, test } from '@jest/globals';
import { isPlanwardenError } from '@planwarden/contracts';
import fc from 'fast-check';
import { actionsWorld, freeze, sha, terraformWorld, world } from './confirm-world.spec-kit.js';
import { type ConfirmPorts, confirm, peopleDigest, targetConfigurationDigest } from './index.js';

const request = { run: 'run_1', round: 1, fence: 7 };

/** Everything that confirm reads, as plain data: a new port has to appear here, and a new field of one below. */
type Facts = { [Port in keyof ConfirmPorts]: Awaited<ReturnType<ConfirmPorts[Port]>> };

async function factsOf({ ports, built }: Pick<ReturnType<typeof world>, 'ports' | 'built'>): Promise<Facts> {
  const read = Object.entries(ports).map(async ([name, port]) => [
    name,
    // A clone each: what two ports share here is not the same thing outside.
    structuredClone(await (port as (digest: string) => Promise<unknown>)(built.digest)),
  ]);
  return Object.fromEntries(await Promise.all(read)) as Facts;
}

const portsOf = (facts: Facts): ConfirmPorts =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, async () => value]),
  ) as unknown as ConfirmPorts;

type Path = readonly (string | number)[];
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [path];
  const inner = Object.entries(value);
  return inner.length === 0 ? [path] : inner.flatMap(([key, one]) => leavesOf(one, [...path, key]));
}
/** Its name in the tables below: places in a list are all one. */
const nameOf = (path: Path): string => path.map((key) => (/^\d+$/.test(String(key)) ? '*' : String(key))).join('.');
const valueAt = (facts: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], facts);

function withFact(facts: Facts, path: Path, value: unknown): Facts {
  const copy = structuredClone(facts);
  const holder = valueAt(copy, path.slice(0, -1)) as Record<string, unknown>;
  holder[path.at(-1) ?? ''] = value;
  // The two digests are read of the same things: who changes those changes these.
  if (path[0] === 'people') copy.peopleDigest = peopleDigest(copy.people);
  if (path[0] === 'target') copy.targetConfigurationDigest = targetConfigurationDigest(copy.target);
  // A plan made anew has another digest, whatever in its objects is another, save what only the compare-and-set needs.
  if (nameOf(path).startsWith('planNow.plan.objects.') && path.at(-1) !== 'liveResourceVersion') {
    Object.assign(valueAt(copy, ['planNow', 'plan']) as object, { digest: 'sha256:other' });
  }
  return copy;
}

const TAKEN: readonly number[] = [1, 2, 90, 91];

/** Anything of the same kind that is not this. */
function otherThan(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value === 'boolean') return fc.constant(!value);
  // Numbers of accounts that somebody else in the world has are rows of their own below.
  if (typeof value === 'number')
    return fc.integer({ min: 1, max: 9999 }).filter((other) => other !== value && !TAKEN.includes(other));
  if (Array.isArray(value)) return fc.array(fc.string(), { minLength: 1, maxLength: 2 });
  return fc.string({ minLength: 1 }).map((salt) => `other-${salt}`);
}

/** Code, or outcome where there is none, by what is changed to anything else; `.**` takes all that lies below. */
const ANYTHING: Readonly<Record<string, readonly string[]>> = {
  SUBJECT_CHANGED: [
    'storedSubject.json',
    'storedSubject.digest',
    'journal.installation',
    'journal.requester.principal',
    'journal.requester.onBehalfOf',
    'journal.quorum',
    'journal.demands.presence',
    'journal.expiresAt',
    'journal.policy.**',
    'journal.graph.**',
    'journal.plan.kind',
    'journal.plan.digest',
    'journal.plan.fileDigest',
    'journal.plan.lockDigest',
    'journal.plan.state.**',
    'journal.toolVersions.**',
    'planNow.kind',
  ],
  TARGET_CHANGED: ['target.**', 'targetConfigurationDigest', 'base.repositoryId'],
  PEOPLE_CHANGED: ['peopleDigest'],
  HEAD_MOVED: ['pullRequest.headSha', 'pullRequest.headDescendsFromEvidence', 'journal.evidenceSha'],
  BASE_MOVED: ['pullRequest.baseBranch', 'base.mergeBase', 'base.tipSubtree', 'base.mergeBaseSubtree'],
  EVIDENCE_DIFFERS: ['evidence.sha', 'evidence.parents.*', 'evidence.trailers.*'],
  TREE_DIFFERS: ['evidence.tree', 'evidence.parentTree', 'changedFiles.**'],
  WORKFLOWS_DIFFER: ['evidence.workflowsDigest'],
  PR_TEXT_EDITED: ['pullRequest.blockDigest', 'pullRequest.wasBlockOther', 'journal.blockDigest'],
  LIVE_CHANGED: ['planNow.plan.objects.*.liveDigest', 'journal.plan.objects.*.liveDigest'],
  PLAN_STALE: [
    'planNow.plan.digest',
    'planNow.plan.objects.*.cluster',
    'planNow.plan.objects.*.group',
    'planNow.plan.objects.*.version',
    'planNow.plan.objects.*.kind',
    'planNow.plan.objects.*.namespace',
    'planNow.plan.objects.*.name',
    'planNow.plan.objects.*.action',
    'planNow.plan.objects.*.desiredFrom',
    'planNow.plan.objects.*.liveUid',
    'planNow.plan.objects.*.desiredDigest',
    'planNow.plan.objects.*.diff',
  ],
  PLAN_FILE_DIFFERS: ['planNow.fileDigest'],
  LOCK_FILE_CHANGED: ['planNow.lockDigest'],
  STATE_CHANGED: ['planNow.state.lineage', 'planNow.state.serial'],
  TOOLS_CHANGED: ['planNow.toolVersions.**'],
  QUORUM_RAISED: ['demands.presence'],
  VOTES_BELOW_QUORUM: [
    'votes.votes.*.subjectDigest',
    'votes.votes.*.person',
    'votes.votes.*.githubId',
    'voters.authors.unknown',
  ],
  MERGE_BLOCKED: ['mergeAcceptance.missing'],
  UNPROTECTED: ['protection.missing'],
  discarded: ['journal.discardedBy'],
  denied: ['approvalDecision.allow'],
  // Neutral keeps: nothing of this is what was voted on, or it counts only where something else moved too.
  approved: [
    'policyBundleDigest',
    'factsDigest',
    'judgeAgain.allow',
    'judgeAgain.quorum',
    'journal.earlierDigests',
    // Only its merge is left then.
    'journal.applied',
    'people.*.id',
    'people.*.name',
    'people.*.github.login',
    'people.*.persona',
    'pullRequest.mergeSha',
    'pullRequest.by',
    'votes.votes.*.reference',
    'votes.votes.*.reason',
    'votes.uncounted',
    'voters.authors.githubIds',
    'voters.agents.ids.*',
    'voters.agents.githubIds.*',
    'voters.bots.githubIds.*',
    'approvalDecision.id',
    'approvalDecision.phase',
    'approvalDecision.findings',
    'approvalDecision.rulesEvaluated',
    'approvalDecision.bundleDigest',
    'approvalDecision.inputDigest',
    'approvalDecision.digest',
    'approvalDecision.run',
    'approvalDecision.round',
    'approvalDecision.step',
    'approvalDecision.at',
    // What the digest of the plan stands for; the journal's own copy is not what is released.
    'journal.plan.**',
    'planNow.plan.kind',
    'planNow.plan.objects.*.liveResourceVersion',
    'planNow.plan.images',
    'planNow.plan.summary.**',
  ],
};

type Change = readonly [path: string, value: unknown];
const owners = [{ pattern: '*', people: ['third'], unknown: [] }];
const glass = {
  ...{ id: 'glass_1', run: 'run_1', subjectDigest: 'sha256:this', by: 'owner', reason: 'the shop is down' },
  ...{ at: '2030-01-01T00:00:00.000Z', until: '2030-01-01T00:30:00.000Z', assurance: 'session' },
};
const aWorsePolicy: readonly Change[] = [['policyBundleDigest', 'sha256:new']];
const worseFacts: readonly Change[] = [['factsDigest', 'sha256:new']];

/** Where it matters to what a fact is changed, or two have to move together. */
const GIVEN: readonly [what: string, changes: readonly Change[], outcome: string][] = [
  ['the time, beyond the expiry', [['now', new Date('2030-01-01T01:00:00.000Z')]], 'SUBJECT_EXPIRED'],
  ['the time, before the expiry', [['now', new Date('2030-01-01T00:59:00.000Z')]], 'approved'],
  ['a freeze', [['freeze', freeze]], 'FREEZE'],
  ['no subject at all', [['storedSubject', null]], 'SUBJECT_CHANGED'],
  ['roles in the journal', [['journal.demands.roles', { security: 1 }]], 'SUBJECT_CHANGED'],
  ['owners in the journal', [['journal.demands.owners', owners]], 'SUBJECT_CHANGED'],
  ['a preview in the place of the plan', [['journal.plan.kind', 'terraform-preview/1']], 'PLAN_UNAVAILABLE'],
  ['a closed pull request', [['pullRequest.state', 'closed']], 'PR_CLOSED'],
  ['a merge by others', [['pullRequest.state', 'merged_by_others']], 'PR_MERGED_BY_OTHERS'],
  ['a merge of ours without a commit', [['pullRequest.state', 'merged_by_us']], 'EFFECT_IN_DOUBT'],
  ['a second parent', [['evidence.parents', [sha('b'), sha('f')]]], 'EVIDENCE_DIFFERS'],
  ['no trailer', [['evidence.trailers', []]], 'EVIDENCE_DIFFERS'],
  ['one file more', [['changedFiles.1', { path: 'x', mode: '100644', blobSha: sha('8') }]], 'TREE_DIFFERS'],
  ['no file left', [['changedFiles', []]], 'TREE_DIFFERS'],
  ['a policy that denies', [...aWorsePolicy, ['judgeAgain.allow', false]], 'POLICY_CHANGED'],
  ['a policy that asks for more votes', [...aWorsePolicy, ['judgeAgain.quorum', 2]], 'POLICY_CHANGED'],
  ['facts that deny', [...worseFacts, ['judgeAgain.allow', false]], 'FACTS_CHANGED'],
  ['facts that ask for more votes', [...worseFacts, ['judgeAgain.quorum', 2]], 'FACTS_CHANGED'],
  ['roles asked for', [['demands.roles', { security: 1 }]], 'QUORUM_RAISED'],
  ['owners asked for', [['demands.owners', owners]], 'QUORUM_RAISED'],
  ['no vote', [['votes.votes', []]], 'VOTES_BELOW_QUORUM'],
  ['a reject', [['votes.votes.0.decision', 'reject']], 'VOTE_REJECTED'],
  ['a vote by comment', [['votes.votes.0.road', 'pull_request_comment']], 'approved'],
  ['a vote of nobody in the pages', [['votes.votes.0.road', 'web']], 'VOTES_BELOW_QUORUM'],
  ['the time of the vote', [['votes.votes.0.at', '2029-12-31T23:00:00.000Z']], 'approved'],
  ['a surer vote', [['votes.votes.0.assurance', 'presence']], 'approved'],
  ['the approver as an author', [['voters.authors.githubIds', [2]]], 'VOTES_BELOW_QUORUM'],
  ['the approver as an agent', [['voters.agents.ids', ['reviewer']]], 'VOTES_BELOW_QUORUM'],
  ["an agent's account", [['voters.agents.githubIds', [2]]], 'VOTES_BELOW_QUORUM'],
  ["a bot's account", [['voters.bots.githubIds', [2]]], 'VOTES_BELOW_QUORUM'],
  ["the approver's account", [['people.1.github.id', 7]], 'VOTES_BELOW_QUORUM'],
  ["the requester's account", [['people.0.github.id', 7]], 'approved'],
  ["the approver's role, taken", [['people.1.roles.staging', 'viewer']], 'VOTES_BELOW_QUORUM'],
  ["the requester's role, taken", [['people.0.roles.staging', 'viewer']], 'approved'],
  ['nobody in people', [['people', []]], 'VOTES_BELOW_QUORUM'],
  ['broken glass', [['breakGlass', glass]], 'approved'],
];

const WORLDS = [
  ['manifests', () => world()],
  ['a stack that a worker plans', () => terraformWorld()],
  ['a stack that GitHub Actions plans', () => actionsWorld()],
] as const;

const RULES = new Map(Object.entries(ANYTHING).flatMap(([outcome, names]) => names.map((name) => [name, outcome])));
/** The rule of a leaf: its own, or that of the nearest `.**` above it. */
function ruleOf(path: Path): string | undefined {
  const name = nameOf(path);
  if (RULES.has(name)) return name;
  const above = name.split('.').map((_, index, keys) => `${keys.slice(0, keys.length - index).join('.')}.**`);
  return above.find((one) => RULES.has(one));
}
const givenNames = new Set(
  GIVEN.flatMap(([, changes]) => (changes.length === 1 ? changes.map(([path]) => nameOf(path.split('.'))) : [])),
);

async function outcomeOf(facts: Facts): Promise<string> {
  try {
    const outcome = await confirm(portsOf(facts), request);
    return 'code' in outcome ? outcome.code : outcome.kind;
  } catch (error) {
    if (isPlanwardenError(error)) return error.code;
    throw error;
  }
}

test('every fact that is read has a rule, and every rule a fact', async () => {
  const all = await Promise.all(WORLDS.map(async ([, make]) => leavesOf(await factsOf(make()))));
  const leaves = all.flat();
  expect(leaves.filter((path) => !ruleOf(path) && !givenNames.has(nameOf(path))).map(nameOf)).toEqual([]);
  const used = new Set(leaves.map(ruleOf));
  expect([...RULES.keys()].filter((name) => !used.has(name))).toEqual([]);
});

// gate: one-fact-changed, neutral-keeps, numeric-ids
describe.each(WORLDS)('of %s', (_, make) => {
  test('one fact changed to anything else is refused by its own code, or kept', async () => {
    const facts = await factsOf(make());
    expect(await outcomeOf(facts)).toBe('approved');
    for (const path of leavesOf(facts)) {
      const rule = ruleOf(path);
      if (rule === undefined) continue;
      const property = fc.asyncProperty(otherThan(valueAt(facts, path)), async (other) => {
        expect([path.join('.'), await outcomeOf(withFact(facts, path, other))]).toEqual([
          path.join('.'),
          RULES.get(rule),
        ]);
      });
      await fc.assert(property, { numRuns: 5 });
    }
  });

  test.each(GIVEN)('%s', async (_what, changes, outcome) => {
    const facts = changes.reduce((all, [path, value]) => withFact(all, path.split('.'), value), await factsOf(make()));
    expect(await outcomeOf(facts)).toBe(outcome);
  });
});
