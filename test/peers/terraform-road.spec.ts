import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type FaultPoints, isPlanwardenError, PlanwardenError } from '@planwarden/contracts';
import { createPool } from '@planwarden/database';
import { takeLease } from '../e2e/take-lease.js';
import { hasEnded, type Json, startWorld, type World, waitsForApproval } from '../e2e/world.js';
import { lockState } from './state-lock.js';

const peers: { findTerraform(): string | undefined; ensureOpenTofu(): string } = await import(
  new URL('../../scripts/peers/terraform.mjs', import.meta.url).href
);
const binaries = [
  ['tofu', peers.ensureOpenTofu],
  ...(peers.findTerraform() === undefined ? [] : [['terraform', () => peers.findTerraform() ?? '']]),
] as [string, () => string][];

const SECRET = 'hunter2-planted-5b1e';

describe.each(binaries)('the road of a Terraform change, with %s', (name, ensure) => {
  let bin = '';
  let world: World;
  beforeAll(async () => {
    bin = mkdtempSync(join(tmpdir(), 'planwarden-bin-'));
    symlinkSync(ensure(), join(bin, name));
    world = await startWorld({}, undefined, (yaml) => withStack(yaml, name), { PATH: bin });
  }, 1_200_000);
  afterAll(async () => {
    await world?.stop();
    rmSync(bin, { recursive: true, force: true });
  });

  const ask = async (files: Json, more: Json = {}): Promise<{ isError: boolean; data: Json }> =>
    world.call('propose_change', {
      target: 'web',
      title: 'Greet',
      reason: 'The page needs a greeting.',
      files: Object.entries(files).map(([path, content]) => ({ path, content })),
      ...more,
    });
  const proposed = async (files: Json): Promise<string> => {
    const { isError, data } = await ask(files);
    expect([isError, data.code]).toEqual([false, undefined]);
    return String(data.run);
  };
  const approve = async (run: string) => {
    const waiting = await world.until(run, waitsForApproval);
    expect(waiting.run).toMatchObject({ state: 'awaiting_approval', outcome: null });
    const pull = waiting.pullRequest;
    expect(await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '')).toBe(200);
    return waiting;
  };
  const state = (): string => readFileSync(join(world.folder, 'terraform/states/web/terraform.tfstate'), 'utf8');

  test('ends applied: the saved plan, then the merge, then nothing left to change', async () => {
    const run = await proposed({ 'main.tf': 'resource "terraform_data" "greeting" {\ninput="hello"\n}\n' });
    const waiting = await approve(run);
    expect(waiting.plan?.text).toContain('Plan: 1 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged.');
    expect(waiting.plan?.text).toContain('+ create terraform_data.greeting');
    const ended = await world.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'applied', outcome: null });
    expect(ended.verified).toEqual(['1 resource as approved (stack web)']);
    expect(JSON.parse(state())).toMatchObject({ resources: [{ type: 'terraform_data', name: 'greeting' }] });
    const steps = ended.steps.map((step) => step.name);
    expect(steps.indexOf('apply')).toBeLessThan(steps.indexOf('merge'));
    const found = await world.call('search_infrastructure', { text: 'greeting' });
    expect(found.data).toMatchObject({ resources: [{ kind: 'terraform_data', provenance: { source: 'run', run } }] });
  });

  test('plans the next change on what stands, and tells no secret anywhere', async () => {
    const run = await proposed({
      'secret.tf': `variable "key" {
  default   = "${SECRET.split('-')[0]}"
  sensitive = true
}

resource "terraform_data" "vault" {
  input = { key = sha256(var.key), colour = "blue" }
}

resource "terraform_data" "careless" {
  input = { for key in ["db_password"] : key => join("-", ["${SECRET.split('-')[0]}", "planted", "5b1e"]) }
}
`,
    });
    const waiting = await approve(run);
    expect(waiting.plan?.text).toContain('2 to create, 0 to update, 0 to replace, 0 to delete, 1 unchanged');
    expect(waiting.plan?.text).toContain('(sensitive)');
    const ended = await world.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'applied' });
    const { services } = world.at.app;
    const journal = JSON.stringify([await services.runs.events(run), await services.runs.output(run, 'plan', 1)]);
    const pull = await services
      .sourceControl(services.config.target('web'))
      .pullRequest(ended.pullRequest?.number ?? 0);
    for (const text of [JSON.stringify(ended), journal, pull.body]) expect(text).not.toContain(SECRET);
  });

  test('a replacement is over the ceiling of the persona, and closes its pull request', async () => {
    const run = await proposed({
      'main.tf':
        'resource "terraform_data" "greeting" {\n  input            = "hello"\n  triggers_replace = "now"\n}\n',
    });
    const ended = await world.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'policy_failed' });
    expect(ended.findings).toEqual([expect.objectContaining({ rule: 'risk-ceiling' })]);
  });

  test.each([
    [
      'a command',
      'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n',
      'TERRAFORM_REFUSED',
      2,
    ],
    ['a file of the machine', 'locals {\n  x = file("/etc/passwd")\n}\n', 'TERRAFORM_REFUSED', 2],
    ['a provider nobody allowed', 'resource "random_pet" "x" {\n}\n', 'TERRAFORM_REFUSED', 1],
    ['another state', 'terraform {\n  backend "local" {\n  }\n}\n', 'TERRAFORM_REFUSED', 2],
  ])('%s ends the run before anything outside is touched', async (_, content, code, line) => {
    const ended = await world.until(await proposed({ 'evil.tf': content }), hasEnded);
    expect(ended.run).toMatchObject({ state: 'errored', outcome: { code } });
    expect(ended.run.outcome).toMatchObject({ where: { file: 'stacks/web/evil.tf', line } });
    expect(ended.pullRequest).toBeNull();
  });

  test('a public bucket is refused with the rule, its place and what to do', async () => {
    const { data } = await world.call('check_policy', {
      target: 'web',
      files: [
        {
          path: 'bucket.tf',
          content: `terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "6.34.0" }
  }
}

resource "aws_s3_bucket_acl" "logs" {
  bucket = "logs"
  acl    = "public-read"
}
`,
        },
      ],
    });
    expect(data).toMatchObject({
      allow: false,
      findings: [{ rule: 'public-bucket', file: 'stacks/web/bucket.tf', line: 9, severity: 'critical' }],
    });
  });

  test('a template becomes files of the stack', async () => {
    const template = { name: 'terraform-data', parameters: { name: 'motto', value: 'ask, then act' } };
    const { data } = await world.call('propose_change', { target: 'web', title: 'A motto', template });
    const run = String(data.run);
    const waiting = await approve(run);
    expect(waiting.plan?.text).toContain('+ create terraform_data.motto');
    expect((await world.until(run, hasEnded)).run).toMatchObject({ state: 'applied' });
  });

  test('a second run on the same stack waits for the first', async () => {
    const one = await proposed({ 'one.tf': 'resource "terraform_data" "one" {\n  input = 1\n}\n' });
    await world.until(one, waitsForApproval);
    const two = await proposed({ 'two.tf': 'resource "terraform_data" "two" {\n  input = 2\n}\n' });
    const waiting = await world.until(two, ({ run }) => run.ended || run.wait !== null);
    expect(waiting.run).toMatchObject({ wait: { reason: 'lock' } });
    expect(waiting.run.wait?.message).toContain(`${one} holds the lock terraform:web since`);
    const queue = [{ run: two, since: expect.any(String) }];
    expect(waiting).toMatchObject({ locks: [{ name: 'terraform:web', holder: one, kept: null, queue }] });
    await world.call('cancel_run', { run: one });
    const next = await world.until(two, waitsForApproval);
    expect(next.run).toMatchObject({ wait: { reason: 'approval' } });
    await world.call('cancel_run', { run: two });
    await world.until(two, hasEnded);
  });

  test('a state that went on after the vote begins a new round; the old vote no longer counts', async () => {
    const run = await proposed({ 'second.tf': 'resource "terraform_data" "second" {\n  input = "two"\n}\n' });
    const waiting = await world.until(run, waitsForApproval);
    const runner = world.at.app.services.terraform.runner(stackTarget(world));
    // Somebody applies something else by hand.
    const files = [{ path: 'hand.tf', content: 'resource "terraform_data" "hand" {\n  input = 1\n}\n' }];
    const byHand = await runner.plan({ stack: 'web', files });
    await runner.apply({ stack: 'web', files, planFile: byHand.planFile, approved: byHand.plan });
    const pull = waiting.pullRequest;
    await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '');
    const again = await world.until(run, ({ run }) => run.ended || run.round > 1);
    expect(again.run).toMatchObject({ round: 2 });
    // Round 2 sees that what was made by hand would go: over the ceiling of the persona.
    expect((await world.until(run, hasEnded)).run).toMatchObject({ state: 'policy_failed' });
  });
});

function stackTarget(world: World) {
  const target = world.at.app.services.config.target('web');
  if (target.kind !== 'terraform') throw new Error('web is no stack');
  return target;
}

/** planwarden.yaml with a stack beside the manifests, open to the same agent. */
function withStack(yaml: string, binary: string): string {
  const target = `  - name: web
    environment: staging
    repository: platform/infrastructure
    path: stacks/web
    kind: terraform
    stack: web
    terraform:
      binary: ${binary}
      providers: [{ source: hashicorp/aws, version: 6.34.0 }]

people:`;
  return yaml.replace('people:', target).replace('targets: [staging]', 'targets: [staging, web]');
}

/** Whoever comes to `terraform apply` is held right before it, past the last look at approval and lease. */
function holdApplies(at: World) {
  const runner = at.at.app.services.terraform.runner(stackTarget(at));
  const apply = runner.apply.bind(runner);
  const waiting: (() => void)[] = [];
  const ended: string[] = [];
  let isHeld = true;
  // Without its signal: a worker that is cut off from the database hears of nothing, and lets Terraform go on.
  runner.apply = async ({ signal: _, ...request }) => {
    if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      const state = await apply(request);
      ended.push('applied');
      return state;
    } catch (error) {
      ended.push(isPlanwardenError(error) ? error.code : String(error));
      throw error;
    }
  };
  return {
    /** How those ended that went on. */
    ended,
    held: () => waiting.length,
    /** Lets one go on; they stand in the order in which they came. */
    letGo: (index: number) => waiting.splice(index, 1)[0]?.(),
    release: () => {
      isHeld = false;
      for (const goOn of waiting.splice(0)) goOn();
      runner.apply = apply;
    },
  };
}

describe('two workers at the apply of one saved plan', () => {
  let bin = '';
  let world: World;
  let pool: ReturnType<typeof createPool>;
  let befalls: FaultPoints['at'] = () => undefined;
  beforeAll(async () => {
    bin = mkdtempSync(join(tmpdir(), 'planwarden-bin-'));
    symlinkSync(peers.ensureOpenTofu(), join(bin, 'tofu'));
    const faults: FaultPoints = { at: (name, at) => befalls(name, at) };
    world = await startWorld({ faults }, undefined, (yaml) => withStack(yaml, 'tofu'), { PATH: bin });
    pool = createPool({ connectionString: world.at.connectionString, max: 1 });
  }, 1_200_000);
  let unlock = async (): Promise<void> => undefined;
  afterEach(async () => {
    befalls = () => undefined;
    await unlock();
    unlock = async () => undefined;
  });
  afterAll(async () => {
    await pool?.end();
    await world?.stop();
    rmSync(bin, { recursive: true, force: true });
  });

  async function approved(name: string): Promise<string> {
    const content = `resource "terraform_data" "${name}" {\n  input = "${name}"\n}\n`;
    const files = [{ path: `${name}.tf`, content }];
    const { data } = await world.call('propose_change', { target: 'web', title: name, files });
    const { pullRequest: pull } = await world.until(String(data.run), waitsForApproval);
    expect(await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '')).toBe(200);
    return String(data.run);
  }
  /** A worker has taken the run once more, and given it back. */
  async function looked(run: string, fence: number): Promise<void> {
    const isOver = async (): Promise<boolean> => {
      const { rows } = await pool.query('SELECT 1 FROM runs WHERE id = $1 AND fence > $2 AND lease_owner IS NULL', [
        run,
        fence,
      ]);
      return rows.length === 1;
    };
    while (!(await isOver())) await new Promise((resolve) => setTimeout(resolve, 30));
  }
  async function ring(run: string): Promise<void> {
    await world.at.app.services.runs.wake(run);
    await world.at.app.bell.ring(run);
  }
  /** @throws Error where the run ends without it */
  async function isTrue(run: string, condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { ended, outcome } = await world.at.app.services.runs.get(run);
      if (ended && !condition()) throw new Error(`the run ended before that: ${outcome?.code} ${outcome?.message}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  const stateFile = () => join(world.folder, 'terraform/states/web/terraform.tfstate');
  const serial = (): number => (existsSync(stateFile()) ? JSON.parse(readFileSync(stateFile(), 'utf8')).serial : 0);
  const merges = (): number => world.at.github.control.countEffects()['pulls/merge'] ?? 0;
  const events = (run: string) => world.at.app.services.runs.events(run, 0, 1000);
  /** Intended once, done or found once, applied once, merged once. */
  async function expectOnce(run: string, before: { serial: number; merges: number }): Promise<void> {
    const ended = await world.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect([serial(), merges()]).toEqual([before.serial + 1, before.merges + 1]);
    const said = (await events(run)).map(({ message }) => message);
    const done = said.filter((message) => message === 'did apply' || message === 'apply had been done before');
    expect([said.filter((message) => message === 'about to do apply').length, done.length]).toEqual([1, 1]);
  }

  test.each([
    ['let go at the same instant', 'both'],
    ['the one that lost its lease first', 'first'],
    ['the one that has the lease first', 'second'],
  ])('%s: applied once, merged once', async (_, order) => {
    const before = { serial: serial(), merges: merges() };
    const door = holdApplies(world);
    const run = await approved(`at-once-${order}`);
    await isTrue(run, () => door.held() >= 1);
    await takeLease(world, run);
    await isTrue(run, () => door.held() >= 2);
    if (order !== 'both') {
      door.letGo(order === 'first' ? 0 : 1);
      while (door.ended.length < 1) await new Promise((resolve) => setTimeout(resolve, 30));
    }
    door.release();
    await expectOnce(run, before);
    while (door.ended.length < 2) await new Promise((resolve) => setTimeout(resolve, 30));
    expect(door.ended.filter((how) => how === 'applied')).toEqual(['applied']);
    expect(['PLAN_STALE', 'STATE_LOCKED']).toEqual(
      expect.arrayContaining(door.ended.filter((how) => how !== 'applied')),
    );
  });

  /** Once, when the run stands right before its apply. */
  const beforeApply = (act: () => Promise<void>): void => {
    befalls = async (name, detail) => {
      if (name !== 'runs:effect:intended' || detail?.effect !== 'apply') return;
      befalls = () => undefined;
      await act();
    };
  };

  test('a state that is locked when the apply comes, maybe by an apply of ours, is waited for: nothing is tried and nothing written meanwhile', async () => {
    const before = { serial: serial(), merges: merges() };
    beforeApply(async () => {
      unlock = await lockState(stateFile());
    });
    const run = await approved('locked');
    const waiting = await world.until(run, ({ run }) => run.ended || run.wait?.reason === 'lock');
    expect(waiting.run).toMatchObject({ ended: false, state: 'awaiting_approval' });
    expect(waiting.run.wait?.message).toContain('somebody holds the lock of its state');
    const told = await events(run);
    const { rows } = await pool.query<{ fence: string }>('SELECT fence FROM runs WHERE id = $1', [run]);
    await ring(run);
    await looked(run, Number(rows[0]?.fence));
    expect(await events(run)).toEqual(told);
    await unlock();
    await ring(run);
    await expectOnce(run, before);
  });

  test('a state that cannot be read after an apply began ends as a failed apply that keeps its lock', async () => {
    const whole = readFileSync(stateFile());
    beforeApply(async () => {
      writeFileSync(stateFile(), 'no state');
      throw new PlanwardenError('OUTSIDE_UNAVAILABLE', 'cut off', { remedy: 'none', failure: 'retryable' });
    });
    const run = await approved('unreadable');
    const ended = await world.until(run, hasEnded);
    writeFileSync(stateFile(), whole);
    expect(ended.run).toMatchObject({ state: 'apply_failed', outcome: { code: 'TERRAFORM_FAILED' } });
    expect(ended).toMatchObject({ locks: [{ name: 'terraform:web', holder: run, kept: expect.any(String) }] });
  });
});

/** Dies once, when the apply meets the point. Its lease is over at once: a short one would run out on a slow machine as well. */
function dyingAt(
  point: string,
  world: () => World | undefined,
  before: () => Promise<void> = async () => undefined,
): FaultPoints {
  let isDead = false;
  return {
    at: async (name, { effect, run = '' } = {}) => {
      const at = world();
      if (name !== point || effect !== 'apply' || isDead || at === undefined) return;
      isDead = true;
      await before();
      await takeLease(at, run);
      throw new PlanwardenError('LEASE_LOST', 'the worker died', { remedy: 'none' });
    },
  };
}

describe('a worker that dies at the apply', () => {
  let bin = '';
  let world: World | undefined;
  /** The run under way. */
  let asked = '';
  beforeAll(() => {
    bin = mkdtempSync(join(tmpdir(), 'planwarden-bin-'));
    symlinkSync(peers.ensureOpenTofu(), join(bin, 'tofu'));
  });
  afterEach(async () => {
    await world?.stop();
    world = undefined;
  });
  afterAll(() => rmSync(bin, { recursive: true, force: true }));

  async function approved(faults: FaultPoints): Promise<{ at: World; run: string }> {
    const at = await startWorld({ faults }, undefined, (yaml) => withStack(yaml, 'tofu'), { PATH: bin });
    world = at;
    const { data } = await at.call('propose_change', {
      target: 'web',
      title: 'Greet',
      files: [{ path: 'main.tf', content: 'resource "terraform_data" "greeting" {\n  input = "hello"\n}\n' }],
    });
    const run = String(data.run);
    asked = run;
    const { pullRequest: pull } = await at.until(run, waitsForApproval);
    await at.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '');
    return { at, run };
  }
  const serial = async (at: World) =>
    (await at.at.app.services.terraform.runner(stackTarget(at)).state({ stack: 'web' })).serial;

  test('after it, before its journal entry: the run ends applied, applied and merged once', async () => {
    const { at, run } = await approved(dyingAt('runs:effect:acted', () => world));
    const ended = await at.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect(await serial(at)).toBe(1);
    expect(at.at.github.control.countEffects()).toMatchObject({ 'pulls/merge': 1 });
    const messages = (await at.at.app.services.runs.events(run)).map((event) => event.message);
    expect(messages).toContain('apply had been done before');
  });

  test('before it: the next attempt confirms anew and applies once', async () => {
    const { at, run } = await approved(dyingAt('runs:effect:intended', () => world));
    const ended = await at.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect(await serial(at)).toBe(1);
  });

  test('and a state that went on meanwhile is in doubt: nothing is tried again', async () => {
    const dying = dyingAt(
      'runs:effect:intended',
      () => world,
      async () => {
        if (world !== undefined) await byHand(world);
      },
    );
    const started = await startWorld({ faults: dying }, undefined, (yaml) => withStack(yaml, 'tofu'), { PATH: bin });
    world = started;
    const { data } = await started.call('propose_change', {
      target: 'web',
      title: 'Greet',
      files: [{ path: 'main.tf', content: 'resource "terraform_data" "greeting" {\n  input = "hello"\n}\n' }],
    });
    const run = String(data.run);
    const { pullRequest: pull } = await started.until(run, waitsForApproval);
    await started.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '');
    const ended = await started.until(run, hasEnded);
    expect(ended.run).toMatchObject({ state: 'apply_failed', outcome: { code: 'EFFECT_IN_DOUBT' } });
    expect(started.at.github.control.countEffects()['pulls/merge'] ?? 0).toBe(0);
    // What may stand half applied is nobody's until a person has looked.
    const kept = { name: 'terraform:web', holder: run, kept: expect.stringContaining('apply') };
    expect(ended).toMatchObject({ locks: [kept] });
    const next = await started.call('propose_change', {
      target: 'web',
      title: 'Greet again',
      files: [{ path: 'next.tf', content: 'resource "terraform_data" "next" {\n  input = 1\n}\n' }],
    });
    const waiting = await started.until(String(next.data.run), ({ run }) => run.ended || run.wait !== null);
    expect(waiting.run).toMatchObject({ wait: { reason: 'lock', message: expect.stringContaining('a person') } });
    const owner = await started.signIn('owner');
    const released = await owner('POST', `/api/v1/runs/${run}/release-locks`, { reason: 'looked at the state' });
    expect(released).toEqual({ status: 200, body: { released: ['terraform:web'] } });
    const planned = await started.until(String(next.data.run), ({ run }) => run.ended || run.step !== 'plan');
    expect(planned).toMatchObject({ locks: [{ holder: String(next.data.run), kept: null }] });
  });

  test('a run that awaits approval hands the stack on when its time is over, and plans again when it comes back', async () => {
    const at = await startWorld({}, undefined, (yaml) => withStack(yaml, 'tofu'), { PATH: bin });
    world = at;
    const ask = async (name: string): Promise<string> => {
      const content = `resource "terraform_data" "${name}" {\n  input = 1\n}\n`;
      const files = [{ path: `${name}.tf`, content }];
      return String((await at.call('propose_change', { target: 'web', title: name, files })).data.run);
    };
    const one = await ask('one');
    await at.until(one, waitsForApproval);
    const two = await ask('two');
    await at.until(two, ({ run }) => run.ended || run.wait?.reason === 'lock');
    // Four hours go by.
    const pool = createPool({ connectionString: at.at.connectionString, max: 1 });
    await pool.query(`UPDATE run_locks SET taken_at = taken_at - interval '4 hours'`);
    await pool.end();
    const { pullRequest: pull } = await at.until(two, waitsForApproval);
    const behind = await at.until(one, ({ run }) => run.ended || (run.round === 2 && run.wait?.reason === 'lock'));
    expect(behind.run).toMatchObject({ ended: false });
    const queue = [expect.objectContaining({ run: one })];
    expect(behind).toMatchObject({ locks: [{ name: 'terraform:web', holder: two, queue }] });
    await at.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '');
    expect((await at.until(two, hasEnded)).run.state).toBe('applied');
    // What the second merged is brought in, and planned on.
    const back = await at.until(one, ({ run }) => run.ended || (run.round > 1 && run.wait?.reason === 'approval'));
    expect(back.run.ended).toBe(false);
    expect(back.plan?.text).toContain('1 to create, 0 to update, 0 to replace, 0 to delete, 1 unchanged');
  });

  test('a branch that moves between apply and merge waits for a person, and cannot be canceled away', async () => {
    let hasMoved = false;
    const moving: FaultPoints = {
      at: async (name, detail) => {
        if (name !== 'runs:effect:recorded' || detail?.effect !== 'apply' || hasMoved || world === undefined) return;
        hasMoved = true;
        await world.at.github.control.push({
          repository: 'platform/infrastructure',
          branch: `planwarden/${asked}`,
          files: { 'stacks/web/late.tf': '# Too late.\n' },
          login: 'olivia-owner',
        });
      },
    };
    const { at, run } = await approved(moving);
    const waiting = await at.until(run, ({ run }) => run.ended || run.wait?.reason === 'applied_unmerged');
    expect(waiting.run).toMatchObject({ ended: false, wait: { reason: 'applied_unmerged' } });
    expect(waiting.run.wait?.message).toContain('applied, but not merged');
    expect(await serial(at)).toBe(1);
    // Something was released: the cancel is refused, and the run goes on waiting.
    expect(await at.call('cancel_run', { run })).toMatchObject({ isError: true, data: { code: 'RUN_ENDED' } });
    await at.until(run, ({ run }) => run.wait?.reason === 'applied_unmerged');
    expect(await at.at.app.services.runs.get(run)).toMatchObject({ ended: false, cancel: null });
    expect(at.at.github.control.countEffects()['pulls/merge'] ?? 0).toBe(0);
  });

  async function byHand(at: World): Promise<void> {
    const runner = at.at.app.services.terraform.runner(stackTarget(at));
    const files = [{ path: 'hand.tf', content: 'resource "terraform_data" "hand" {\n  input = 1\n}\n' }];
    const { plan, planFile } = await runner.plan({ stack: 'web', files });
    await runner.apply({ stack: 'web', files, planFile, approved: plan });
  }
});
