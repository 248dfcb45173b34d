import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import { planArtifact, SEALED_PLAN, type StackRunner, sealedAbout, sealPlan } from '@planwarden/terraform';
import { takeLease } from '../e2e/take-lease.js';
import { hasEnded, type RunSeen, startWorld, type World, waitsForApproval } from '../e2e/world.js';
import { watchWrites } from '../e2e/writes.js';

const peers: { findTerraform(): string | undefined; ensureOpenTofu(): string } = await import(
  new URL('../../scripts/peers/terraform.mjs', import.meta.url).href
);
const binaries = [
  ['tofu', peers.ensureOpenTofu],
  ...(peers.findTerraform() === undefined ? [] : [['terraform', () => peers.findTerraform() ?? '']]),
] as [string, () => string][];

const RELEASE_BOT = 9002;
const SECRET = 'hunter2-planted-5b1e';
const GREETING = 'resource "terraform_data" "greeting" {\n  input = "hello"\n}\n';
const bins: string[] = [];
afterAll(() => {
  for (const bin of bins) rmSync(bin, { recursive: true, force: true });
});

function binOf(name: string, ensure: () => string): string {
  const bin = mkdtempSync(join(tmpdir(), 'planwarden-bin-'));
  bins.push(bin);
  symlinkSync(ensure(), join(bin, name));
  return bin;
}

/** planwarden.yaml with a stack that is planned and applied in GitHub Actions. */
const withStack =
  (binary: string, startSeconds = 600) =>
  (yaml: string): string =>
    yaml
      .replace(
        'people:',
        `  - name: web
    environment: staging
    repository: platform/infrastructure
    path: stacks/web
    kind: terraform
    stack: web
    terraform:
      binary: ${binary}
      runner: actions
      workflow: { startSeconds: ${startSeconds}, endSeconds: 600 }

people:`,
      )
      .replace('targets: [staging]', 'targets: [staging, web]');

async function proposed(world: World, files: Record<string, string>): Promise<string> {
  const { isError, data } = await world.call('propose_change', {
    ...{ target: 'web', title: 'Greet', reason: 'The page needs a greeting.' },
    files: Object.entries(files).map(([path, content]) => ({ path, content })),
  });
  expect([isError, data.code]).toEqual([false, undefined]);
  return String(data.run);
}

async function approve(world: World, run: string): Promise<RunSeen> {
  const waiting = await world.until(run, waitsForApproval);
  expect(waiting.run).toMatchObject({ state: 'awaiting_approval', outcome: null });
  const pull = waiting.pullRequest;
  expect(await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '')).toBe(200);
  return waiting;
}

/** Everything the sandbox GitHub keeps on disk about a workflow: logs, sealed plans, its own state. */
const logOf = async (world: World, run: string): Promise<string[]> =>
  (await world.at.app.services.runs.events(run)).map(({ message }) => message);
const stateFile = (world: World): string => join(world.folder, 'terraform/states/web/terraform.tfstate');
const github = (world: World) => world.at.app.services.sourceControl(world.at.app.services.config.target('web'));
/** Terraform beside the jobs, as somebody runs it by hand. */
function stackRunner({ at }: World): StackRunner {
  const { terraform, config } = at.app.services;
  const target = config.target('web');
  if (target.kind !== 'terraform') throw new Error('web is no stack');
  return terraform.runner(target);
}
const effects = (world: World): number =>
  world.at.github.control.countEffects()['actions/create-workflow-dispatch'] ?? 0;

describe.each(binaries)('a stack planned and applied in GitHub Actions, with %s', (name, ensure) => {
  let world: World;
  const writes = watchWrites();
  beforeAll(async () => {
    world = await startWorld({ faults: writes.faults }, undefined, withStack(name), { PATH: binOf(name, ensure) });
    writes.begin(world);
  }, 1_200_000);
  afterAll(async () => {
    await world?.stop();
  });

  test('ends applied: planned on the branch, applied on the tag, merged, nothing left to change', async () => {
    const run = await proposed(world, { 'main.tf': GREETING });
    const waiting = await approve(world, run);
    expect(waiting.plan?.text).toContain('Plan: 1 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged.');
    const evidence = waiting.pullRequest?.evidenceSha ?? '';
    const stored = await world.at.app.services.subjects.find(run, 1);
    expect(JSON.parse(stored?.json ?? '{}')).toMatchObject({ change: { workflowsDigest: expect.any(String) } });
    const ended = await world.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'applied', outcome: null });
    expect(ended.verified).toEqual(['1 resource as approved (stack web)']);
    expect(JSON.parse(readFileSync(stateFile(world), 'utf8'))).toMatchObject({
      resources: [{ type: 'terraform_data', name: 'greeting' }],
    });
    const runs = await github(world).workflowRuns(evidence);
    expect(runs).toMatchObject([{ name: `Planwarden apply ${run}/1`, conclusion: 'success', actorId: 9002 }]);
    expect(effects(world)).toBe(2);
    const log = (await logOf(world, run)).join('\n');
    expect(log).toMatch(/workflow run \d+: planwarden: planned with/);
    expect(log).toMatch(/workflow run \d+: planwarden: applied sha256:[0-9a-f]{64}; state serial 1/);
    const steps = ended.steps.map((step) => step.name);
    expect(steps.indexOf('apply')).toBeLessThan(steps.indexOf('merge'));
    // Each effect has its row in docs/durability.md; people review, and jobs keep what they make.
    expect(writes.strays(['pulls/create-review'])).toEqual([]);
  });

  test('tells no secret of a plan anywhere outside of the state and the sealed plan', async () => {
    const run = await proposed(world, {
      'secret.tf': `variable "key" {
  default   = "${SECRET.split('-')[0]}"
  sensitive = true
}

resource "terraform_data" "vault" {
  input = { key = join("-", [var.key, "planted", "5b1e"]), colour = "blue" }
}
`,
    });
    await approve(world, run);
    const ended = await world.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'applied' });
    expect(readFileSync(stateFile(world), 'utf8')).toContain(SECRET);
    const kept = join(world.folder, 'github');
    const { execFileSync } = await import('node:child_process');
    const found = (() => {
      try {
        return execFileSync('grep', ['-rla', SECRET, kept], { encoding: 'utf8' });
      } catch {
        return '';
      }
    })();
    expect(found).toBe('');
    expect(JSON.stringify(ended) + (await logOf(world, run)).join('\n')).not.toContain(SECRET);
  });

  test('what terraform refuses in the job is told with its place', async () => {
    const run = await proposed(world, {
      'wrong.tf': 'resource "terraform_data" "wrong" {\n  input = terraform_data.nowhere.output\n}\n',
    });
    const ended = await world.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'errored', outcome: { code: 'TERRAFORM_INVALID' } });
    expect(ended.run.outcome).toMatchObject({ where: { file: 'wrong.tf', line: 2 } });
  });
});

/** Dies once, when the effect meets its point. Its lease is over at once: a short one would run out on a slow machine as well. */
function dyingAt(point: string, effect: string, world: () => World | undefined): FaultPoints {
  let isDead = false;
  return {
    at: async (name, detail) => {
      const at = world();
      if (isDead || name !== point || detail?.effect !== effect || at === undefined) return;
      isDead = true;
      await takeLease(at, detail.run ?? '');
      throw new PlanwardenError('LEASE_LOST', 'the worker died', { remedy: 'none' });
    },
  };
}

describe('GitHub Actions that fail', () => {
  let bin = '';
  let world: World | undefined;
  beforeAll(() => {
    bin = binOf('tofu', peers.ensureOpenTofu);
  }, 1_200_000);
  afterEach(async () => {
    await world?.stop();
    world = undefined;
  });
  const opened = async (test: Parameters<typeof startWorld>[0], startSeconds?: number): Promise<World> => {
    world = await startWorld(test, undefined, withStack('tofu', startSeconds), { PATH: bin });
    return world;
  };
  /** @throws Error where the run ends without it */
  async function stillUnderWay(at: World, run: string, condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { ended, outcome } = await at.at.app.services.runs.get(run);
      if (ended) throw new Error(`the run ended before that: ${outcome?.code} ${outcome?.message}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  /** Workflow runs of a commit, oldest first, once all are over. */
  async function overRuns(at: World, commit: string) {
    for (;;) {
      const runs = [...(await github(at).workflowRuns(commit))].sort((a, b) => a.id - b.id);
      if (runs.every(({ isOver }) => isOver)) return runs;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const serial = (at: World): number => JSON.parse(readFileSync(stateFile(at), 'utf8')).serial as number;

  test('lost answers to both starts: each is found by its name and never made twice', async () => {
    const at = await opened({});
    at.at.github.control.dropAnswerOnce('actions/create-workflow-dispatch');
    const run = await proposed(at, { 'main.tf': GREETING });
    await at.until(run, waitsForApproval);
    at.at.github.control.dropAnswerOnce('actions/create-workflow-dispatch');
    await approve(at, run);
    const ended = await at.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect(serial(at)).toBe(1);
    expect(effects(at)).toBe(2);
  });

  test('a start that appears late and was made again: the second ends as a duplicate, one apply', async () => {
    const at = await opened({ faults: dyingAt('runs:effect:acted', 'start-plan', () => world) });
    const release = at.at.github.control.holdDispatches();
    const run = await proposed(at, { 'main.tf': GREETING });
    for (;;) {
      if (effects(at) === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    release();
    await approve(at, run);
    const ended = await at.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    const { codeSha } = (await at.at.app.services.runs.output(run, 'open-pull-request', 1)) as { codeSha: string };
    const runs = [...(await github(at).workflowRuns(codeSha))].sort((a, b) => a.id - b.id);
    expect(runs.map(({ conclusion }) => conclusion)).toEqual(['success', 'failure']);
    expect(await github(at).workflowLog(runs[1]?.id ?? 0)).toContain('planwarden-end {"code":"DUPLICATE_START"}');
  });

  test('two workers at the start of the plan, at the tag and at the start of the apply, let go at the same instant', async () => {
    // For so many seconds after the start of an apply nobody starts it again.
    const at = await opened({}, 10);
    const { control } = at.at.github;
    const [DISPATCH, REF] = ['actions/create-workflow-dispatch', 'git/create-ref'];
    const isHeld = (run: string, operation: string, least: number): Promise<void> =>
      stillUnderWay(at, run, () => control.held(operation) >= least);

    let open = control.pause(DISPATCH);
    const run = await proposed(at, { 'main.tf': GREETING });
    await isHeld(run, DISPATCH, 1);
    await takeLease(at, run);
    await isHeld(run, DISPATCH, 2);
    open();
    await at.until(run, waitsForApproval);

    open = control.pause(REF);
    const evidence = (await approve(at, run)).pullRequest?.evidenceSha ?? '';
    await isHeld(run, REF, 1);
    await takeLease(at, run);
    await isHeld(run, REF, 2);
    const openDispatch = control.pause(DISPATCH);
    open();
    await isHeld(run, DISPATCH, 1);
    // The approval of the first may have grown old meanwhile: then it comes no further, and this one stands in its place.
    await takeLease(at, run);
    await isHeld(run, DISPATCH, 2);
    // GitHub is slow to show them: the time for that counts from the start that it took, not from the first try.
    const appear = control.holdDispatches();
    openDispatch();
    const seen = await at.until(run, ({ run }) => run.ended || run.wait?.message.includes('has not begun') === true);
    expect(seen.run.outcome).toBeNull();
    appear();
    const ended = await at.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect(serial(at)).toBe(1);
    expect(control.released(RELEASE_BOT)).toMatchObject({ tags: 1, merges: 1 });

    const { codeSha } = (await at.at.app.services.runs.output(run, 'open-pull-request', 1)) as { codeSha: string };
    for (const [commit, name] of [
      [codeSha, `Planwarden plan ${run}/1`],
      [evidence, `Planwarden apply ${run}/1`],
    ] as const) {
      const [first, ...later] = await overRuns(at, commit);
      expect([first?.name, first?.conclusion]).toEqual([name, 'success']);
      expect(await github(at).workflowLog(first?.id ?? 0)).not.toContain('DUPLICATE_START');
      expect(later.length).toBeGreaterThan(0);
      // Of more than one that waits in a group GitHub lets the last begin.
      expect(later.slice(0, -1).filter(({ conclusion }) => conclusion !== 'cancelled')).toEqual([]);
      const last = later.at(-1);
      expect([last?.name, last?.conclusion]).toEqual([name, 'failure']);
      expect(await github(at).workflowLog(last?.id ?? 0)).toContain('planwarden-end {"code":"DUPLICATE_START"}');
    }
    const said = await logOf(at, run);
    for (const effect of ['start-plan', 'start-apply', 'apply']) {
      const done = said.filter((line) => line === `did ${effect}` || line === `${effect} had been done before`);
      expect([effect, said.filter((line) => line === `about to do ${effect}`).length, done.length]).toEqual([
        effect,
        1,
        1,
      ]);
    }
  });

  test('a worker that dies after the start of the apply waits for it and applies once', async () => {
    const at = await opened({ faults: dyingAt('runs:effect:acted', 'start-apply', () => world) });
    const run = await proposed(at, { 'main.tf': GREETING });
    await approve(at, run);
    const ended = await at.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect(effects(at)).toBe(2);
    expect(serial(at)).toBe(1);
    expect(await logOf(at, run)).toContain('start-apply had been done before');
  });

  test('an apply that finds no runner ends as failed, with nothing merged; a plan ends as errored', async () => {
    const at = await opened({}, 3);
    const run = await proposed(at, { 'main.tf': GREETING });
    await at.until(run, waitsForApproval);
    const release = at.at.github.control.holdDispatches();
    await approve(at, run);
    const ended = await at.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'apply_failed', outcome: { code: 'WORKFLOW_NOT_STARTED' } });
    expect(at.at.github.control.countEffects()['pulls/merge'] ?? 0).toBe(0);
    release();
  });

  test('a plan by somebody else under our name is not taken, and a state that moved is not applied to', async () => {
    const at = await opened({});
    const run = await proposed(at, { 'main.tf': GREETING });
    await at.until(run, waitsForApproval);
    // Somebody applies by hand between the vote and the job: the job finds its plan stale.
    const hold = at.at.github.control.holdRunners();
    await approve(at, run);
    await at.until(run, ({ run }) => run.ended || run.wait?.reason === 'workflow');
    const runner = stackRunner(at);
    const files = [{ path: 'hand.tf', content: 'resource "terraform_data" "hand" {\n  input = 1\n}\n' }];
    const byHand = await runner.plan({ stack: 'web', files });
    await runner.apply({ stack: 'web', files, planFile: byHand.planFile, approved: byHand.plan });
    hold();
    const ended = await at.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'apply_failed', outcome: { code: 'PLAN_STALE' } });
    expect(serial(at)).toBe(1);
    expect(existsSync(stateFile(at))).toBe(true);
  });

  test('a plan that somebody swaps for another is refused by name, before it is shown and before it is applied', async () => {
    const at = await opened({});
    const { control } = at.at.github;
    const { sealing, applySealing } = at.at.secrets;
    const sealedIn = (run: string, put: Buffer): Buffer => {
      const name = planArtifact({ run, round: 1 });
      return Buffer.from(control.swapArtifact(name, { [SEALED_PLAN]: put })[SEALED_PLAN] ?? []);
    };
    const withOneBitTurned = (sealed: Buffer): Buffer => {
      const turned = Buffer.from(sealed);
      turned[turned.length - 1] = (turned.at(-1) ?? 0) ^ 1;
      return turned;
    };
    const nothing = Buffer.alloc(0);

    // Between the end of the job and our look at what it left.
    const open = control.pause('actions/download-artifact');
    const first = await proposed(at, { 'main.tf': GREETING });
    await stillUnderWay(at, first, () => control.held('actions/download-artifact') >= 1);
    const ofFirst = sealedIn(first, nothing);
    sealedIn(first, withOneBitTurned(ofFirst));
    open();
    const planned = await at.until(first, hasEnded);
    expect(planned.run).toMatchObject({ state: 'errored', outcome: { code: 'PLAN_FILE_DIFFERS' } });

    // After we looked, before the job that applies does. Keys to seal with are public: who swaps may have them.
    const files = [{ path: 'main.tf', content: 'resource "terraform_data" "other" {\n  input = "other"\n}\n' }];
    const other = await stackRunner(at).plan({ stack: 'web', files });
    const [unopened, unequal] = ['the sealed plan cannot be opened', 'the saved plan is not the one that was approved'];
    const swaps: [what: string, told: string, put: (run: string, sealed: Buffer) => Buffer][] = [
      ['a bit turned', unopened, (_, sealed) => withOneBitTurned(sealed)],
      ['that of another run', unopened, () => ofFirst],
      [
        'another plan, sealed for this round',
        unequal,
        (run) => sealPlan(other.planFile, [sealing.publicKey, applySealing.publicKey], sealedAbout({ run, round: 1 })),
      ],
    ];
    const owner = await at.signIn('owner');
    for (const [what, told, put] of swaps) {
      const run = await proposed(at, { 'main.tf': GREETING });
      await at.until(run, waitsForApproval);
      const sealed = sealedIn(run, nothing);
      sealedIn(run, put(run, sealed));
      await approve(at, run);
      const ended = await at.until(run, hasEnded);
      expect([what, ended.run.state, ended.run.outcome?.code]).toEqual([what, 'apply_failed', 'PLAN_FILE_DIFFERS']);
      expect((await logOf(at, run)).join('\n')).toContain(told);
      const released = await owner('POST', `/api/v1/runs/${run}/release-locks`, { reason: 'Nothing was applied.' });
      expect(released.status).toBe(200);
    }
    expect(existsSync(stateFile(at))).toBe(false);
    expect(control.countEffects()['pulls/merge'] ?? 0).toBe(0);
  });
});
