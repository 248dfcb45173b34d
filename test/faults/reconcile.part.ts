import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { changePipelineOf, runOutputs } from '@planwarden/orchestrator';
import type { Effect, RunRecord, StepContext } from '@planwarden/runs';
import { APPLY_WORKFLOW, PLAN_WORKFLOW } from '@planwarden/terraform';
import { hasEnded, type RunSeen, startWorld, type World, waitsForApproval, withStack } from '../e2e/world.js';

describe('reconcile, effect by effect', () => {
  type Once = Extract<Effect, { kind: 'once' }>;

  let world: World;
  let run: RunRecord;
  let waiting: RunSeen;
  /** A run that only has a name: its branch is made by hand, so that every state of the target can be had. */
  let invented: RunRecord;
  let effects: ReadonlyMap<string, Once>;

  beforeAll(async () => {
    // A stack that is planned and applied in GitHub Actions: its starts are asked for, no run of it is needed.
    world = await startWorld({}, undefined, (yaml) => withStack(yaml, 'terraform: { runner: actions }'));
    const id = await world.propose();
    waiting = await world.until(id, waitsForApproval);
    run = await world.at.app.services.runs.get(id);
    invented = { ...run, id: `run_${'0'.repeat(32)}` };
    const steps = changePipelineOf(world.at.app.services).steps;
    effects = new Map(
      steps
        .flatMap((step) => step.effects)
        .flatMap((effect) => (effect.kind === 'once' ? [[effect.name, effect]] : [])),
    );
  });
  afterAll(async () => {
    await world.stop();
  });

  /** `apply` is proved in test/peers/terraform-road.spec.ts: it needs a real terraform. */
  const PROVED = [
    ...['create-branch', 'push-files', 'create-pull-request', 'start-plan'],
    ...['evidence-commit', 'start-apply', 'apply', 'merge'],
  ];

  test('every "once" effect of the pipeline is proved here', () => {
    expect([...effects.keys()]).toEqual(PROVED);
  });

  async function ask(name: string, of: RunRecord) {
    const effect = effects.get(name);
    if (!effect) throw new Error(`no effect ${name}`);
    const output = runOutputs(world.at.app.services, run);
    return effect.reconcile({ run: of, output } as unknown as StepContext, effect.key(of));
  }

  /** While the target cannot be asked; others ask it too, so the fault is there for all of them. */
  async function expectInDoubt(operation: string, asks: () => Promise<unknown>): Promise<void> {
    const mend = world.at.github.control.fail(operation, 503);
    try {
      await expect(asks()).rejects.toMatchObject({ code: 'OUTSIDE_UNAVAILABLE', failure: 'retryable' });
    } finally {
      mend();
    }
  }

  /** The only parent of the evidence commit. */
  async function codeShaOf(seen: RunSeen): Promise<string> {
    const answer = await fetch(
      `${world.at.github.url}/repos/platform/infrastructure/git/commits/${seen.pullRequest?.evidenceSha ?? ''}`,
      { headers: { authorization: `Bearer ${world.at.secrets.authorToken}` } },
    );
    const { parents } = (await answer.json()) as { parents: { sha: string }[] };
    return parents[0]?.sha ?? '';
  }

  /** A write at the sandbox GitHub as the author App. */
  async function asAuthor(method: string, path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${world.at.github.url}/repos/platform/infrastructure${path}`, {
      method,
      headers: { authorization: `Bearer ${world.at.secrets.authorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const said = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(said)}`);
    return said;
  }

  const push = (branch: string, text: string) =>
    world.at.github.control.push({
      repository: 'platform/infrastructure',
      branch,
      files: { 'environments/staging/x/x.yaml': text },
      login: 'olivia-owner',
    });

  describe('reconcile asks the target', () => {
    test.each([
      ['create-branch', 'git/get-ref'],
      ['push-files', 'git/get-ref'],
      ['create-pull-request', 'pulls/list'],
      ['evidence-commit', 'git/get-ref'],
      ['merge', 'pulls/get'],
    ])('%s: a target that cannot be asked is neither "there" nor "not there"', async (name, operation) => {
      await expectInDoubt(operation, () => ask(name, run));
    });

    test('create-branch: absent, then present; a ref is unique, so there is no double', async () => {
      expect(await ask('create-branch', invented)).toEqual({ found: 'absent' });
      const main = await world.at.app.services
        .sourceControl(world.at.app.services.config.target('staging'))
        .branchHead('main');
      await asAuthor('POST', '/git/refs', { ref: `refs/heads/planwarden/${invented.id}`, sha: main });
      expect(await ask('create-branch', invented)).toEqual({ found: 'present', result: { sha: main } });
      await expect(
        asAuthor('POST', '/git/refs', { ref: `refs/heads/planwarden/${invented.id}`, sha: main }),
      ).rejects.toThrow('Reference already exists');
    });

    test('push-files: absent, present, double', async () => {
      const branch = `planwarden/${invented.id}`;
      expect(await ask('push-files', { ...invented, id: `run_${'1'.repeat(32)}` })).toEqual({ found: 'absent' });
      expect(await ask('push-files', invented)).toEqual({ found: 'absent' });
      const sha = await push(branch, 'a: 1\n');
      expect(await ask('push-files', invented)).toEqual({ found: 'present', result: { sha } });
      await push(branch, 'a: 2\n');
      expect(await ask('push-files', invented)).toMatchObject({ found: 'double' });
    });

    test('create-pull-request: absent, present, double', async () => {
      const branch = `planwarden/${invented.id}`;
      expect(await ask('create-pull-request', invented)).toEqual({ found: 'absent' });
      const open = () => asAuthor('POST', '/pulls', { title: 'By hand', head: branch, base: 'main', draft: true });
      const first = await open();
      expect(await ask('create-pull-request', invented)).toMatchObject({
        found: 'present',
        result: { number: first.number },
      });
      await asAuthor('PATCH', `/pulls/${String(first.number)}`, { state: 'closed' });
      await open();
      expect(await ask('create-pull-request', invented)).toMatchObject({ found: 'double' });
    });

    test('evidence-commit: present; absent in a round without subject; a branch has one head, so there is no double', async () => {
      expect(await ask('evidence-commit', run)).toEqual({
        found: 'present',
        result: { sha: waiting.pullRequest?.evidenceSha },
      });
      expect(await ask('evidence-commit', { ...run, round: 2 })).toEqual({ found: 'absent' });
    });

    test.each([
      ['start-plan', PLAN_WORKFLOW, {}, (seen: RunSeen) => codeShaOf(seen)],
      [
        'start-apply',
        APPLY_WORKFLOW,
        { plan_run: '1', plan_digest: 'sha256:a', file_digest: 'sha256:b' },
        (seen: RunSeen) => seen.pullRequest?.evidenceSha ?? '',
      ],
    ] as const)(
      '%s: absent, present, double: the first counts; a query that fails is no answer',
      async (name, workflow, more, at) => {
        const inStack = { ...run, target: 'web' };
        const commit = await at(waiting);
        const github = world.at.app.services.sourceControl(world.at.app.services.config.target('web'));
        const ref = `${name}-at-its-commit`;
        await asAuthor('POST', '/git/refs', { ref: `refs/heads/${ref}`, sha: commit });
        expect(await ask(name, inStack)).toEqual({ found: 'absent' });
        const common = { environment: 'staging', stack: 'web', path: 'stacks/web', binary: 'terraform' };
        const inputs = {
          run: run.id,
          round: String(run.round),
          ...common,
          ...(workflow === PLAN_WORKFLOW ? { commit } : more),
        };
        for (let starts = 1; starts <= 2; starts += 1) {
          await github.startWorkflow({ workflow, ref, inputs });
          // GitHub answers a dispatch before the run is there.
          while ((await github.workflowRuns(commit)).length < starts)
            await new Promise((resolve) => setTimeout(resolve, 20));
          expect(await ask(name, inStack)).toEqual({ found: 'present', result: null });
        }
        expect(await ask(name, { ...inStack, round: 2 })).toEqual({ found: 'absent' });
        await expectInDoubt('actions/list-workflow-runs-for-repo', () => ask(name, inStack));
      },
    );

    test('merge: absent, then present; a pull request is merged once, so there is no double', async () => {
      expect(await ask('merge', run)).toEqual({ found: 'absent' });
      const { number, evidenceSha } = waiting.pullRequest ?? { number: 0, evidenceSha: '' };
      await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '');
      const ended = await world.until(run.id, hasEnded);
      expect(ended.run.state).toBe('applied');
      expect(await ask('merge', run)).toEqual({
        found: 'present',
        result: { mergeSha: ended.pullRequest?.mergeSha },
      });
    });
  });
});
