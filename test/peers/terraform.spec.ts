import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type StackFile, StackRunner, type StackRunnerOptions } from '@planwarden/terraform';
import { lockState } from './state-lock.js';

const peers: { findTerraform(): string | undefined; ensureOpenTofu(): string } = await import(
  new URL('../../scripts/peers/terraform.mjs', import.meta.url).href
);
const knownMissing: Record<string, string> = JSON.parse(
  readFileSync(new URL('./known-missing.json', import.meta.url), 'utf8'),
);
const terraform = peers.findTerraform();
// Loud, and only for what is listed with a reason.
if (terraform === undefined) process.stderr.write(`terraform is missing: ${knownMissing.terraform ?? ''}\n`);
const binaries: [string, () => string][] = [['OpenTofu', peers.ensureOpenTofu]];
if (terraform !== undefined || knownMissing.terraform === undefined) {
  binaries.unshift(['terraform', () => terraform ?? '/nowhere/terraform']);
}

const SECRET = 'planted-9f2c71d4a6';
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'planwarden-terraform-'));
  // Others may pass through it, as through the parents of a data folder.
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  writeFileSync(join(folder, 'data', 'secrets.json'), SECRET, { mode: 0o600 });
  writeFileSync(join(folder, 'open.txt'), SECRET, { mode: 0o644 });
  process.env.PLANTED_SECRET = SECRET;
  process.env.TF_VAR_planted = SECRET;
});
afterAll(() => {
  delete process.env.PLANTED_SECRET;
  delete process.env.TF_VAR_planted;
  rmSync(folder, { recursive: true, force: true });
});

const main = (content: string): StackFile[] => [{ path: 'main.tf', content }];
const greeting = (words: string): StackFile[] =>
  main(`resource "terraform_data" "greeting" {
  input = "${words}"
}

resource "terraform_data" "copy" {
  input = terraform_data.greeting.output
}
`);
const GUARDED = main(`variable "key" {
  default   = "${SECRET}"
  sensitive = true
}

resource "terraform_data" "vault" {
  input = { key = var.key, colour = "blue" }
}

output "key" {
  value     = var.key
  sensitive = true
}
`);

describe.each(binaries)('%s', (name, ensure) => {
  let binary = '';
  let stack = 0;
  const runner = (more: Partial<StackRunnerOptions> = {}): StackRunner =>
    new StackRunner({ binary, workFolder: join(folder, 'work'), stateFolder: join(folder, 'states'), ...more });
  /** A stack nobody used yet. */
  const fresh = (): string => {
    stack += 1;
    return `${name}-${stack}`;
  };
  beforeAll(() => {
    binary = ensure();
    mkdirSync(join(folder, 'states'), { recursive: true, mode: 0o711 });
  }, 1_200_000);

  test('plans, applies exactly the saved plan, and is then of one mind with its state', async () => {
    const request = { stack: fresh(), files: greeting('hello') };
    const { plan, planFile, version } = await runner().plan(request);
    expect(version).toMatch(/^1\.\d+\.\d+/);
    expect(plan).toMatchObject({
      kind: 'terraform-plan/1',
      state: { lineage: '', serial: 0 },
      summary: { create: 2, update: 0, delete: 0, replace: 0, noop: 0 },
    });
    expect([plan.providers, plan.modules]).toEqual([[{ source: 'terraform.io/builtin/terraform', version: null }], []]);
    expect(plan.resources.map(({ address, action, after, unknown }) => [address, action, after, unknown])).toEqual([
      ['terraform_data.copy', 'create', { triggers_replace: null }, ['id', 'input', 'output']],
      ['terraform_data.greeting', 'create', { input: 'hello', triggers_replace: null }, ['id', 'output']],
    ]);
    const applied = await runner().apply({ ...request, planFile, approved: plan });
    expect(applied.lineage).not.toBe('');
    const again = (await runner().plan(request)).plan;
    expect({ ...again.state, resources: applied.resources }).toEqual(applied);
    expect(applied.resources.map(({ address, dependencies }) => [address, dependencies])).toEqual([
      ['terraform_data.copy', ['terraform_data.greeting']],
      ['terraform_data.greeting', []],
    ]);
    expect(again.summary).toEqual({ create: 0, update: 0, delete: 0, replace: 0, noop: 2 });
    await expect(runner().state(request)).resolves.toEqual(applied);
  });

  test('gives two plans of one configuration the same digest', async () => {
    const request = { stack: fresh(), files: GUARDED };
    const [one, two] = [await runner().plan(request), await runner().plan(request)];
    expect(two.plan.digest).toBe(one.plan.digest);
  });

  test('tells nothing that is marked sensitive', async () => {
    const { plan } = await runner().plan({ stack: fresh(), files: GUARDED });
    expect(JSON.stringify(plan)).not.toContain(SECRET);
    expect(JSON.stringify(plan)).toContain('blue');
  });

  test('refuses a plan file that is another than the approved one, and applies nothing', async () => {
    const request = { stack: fresh(), files: greeting('hello') };
    const { plan } = await runner().plan(request);
    const other = await runner().plan({ ...request, files: greeting('goodbye') });
    const swapped = runner().apply({ ...request, planFile: other.planFile, approved: plan });
    await expect(swapped).rejects.toMatchObject({ code: 'PLAN_FILE_DIFFERS' });
    const bent = Buffer.from(other.planFile);
    const swappedTwice = runner().apply({
      ...request,
      planFile: bent,
      approved: { digest: plan.digest, fileDigest: other.plan.fileDigest },
    });
    await expect(swappedTwice).rejects.toMatchObject({ code: 'PLAN_FILE_DIFFERS' });
    await expect(runner().state(request)).resolves.toEqual({ lineage: '', serial: 0, resources: [] });
  });

  test('calls a plan stale once the state went on', async () => {
    const request = { stack: fresh(), files: greeting('hello') };
    const [first, second] = [await runner().plan(request), await runner().plan(request)];
    await runner().apply({ ...request, planFile: first.planFile, approved: first.plan });
    const late = runner().apply({ ...request, planFile: second.planFile, approved: second.plan });
    await expect(late).rejects.toMatchObject({ code: 'PLAN_STALE' });
  });

  test('says that the state is locked while somebody else holds the lock', async () => {
    const request = { stack: fresh(), files: greeting('hello') };
    const { plan, planFile } = await runner().plan(request);
    await runner().apply({ ...request, planFile, approved: plan });
    const letGo = await lockState(join(folder, 'states', request.stack, 'terraform.tfstate'));
    await expect(runner().plan(request)).rejects.toMatchObject({ code: 'STATE_LOCKED', failure: 'retryable' });
    await letGo();
    await expect(runner().plan(request)).resolves.toMatchObject({ plan: { summary: { noop: 2 } } });
  });

  test('names file, line and column of what it does not accept', async () => {
    const wrong = main('resource "terraform_data" "a" {\n  inputt = "x"\n}\n');
    await expect(runner().plan({ stack: fresh(), files: wrong })).rejects.toMatchObject({
      code: 'TERRAFORM_INVALID',
      where: { file: 'main.tf', line: 2, column: 3 },
      message: expect.stringContaining('Unsupported argument'),
    });
  });

  test('is ended when it takes too long, and leaves no process', async () => {
    const slow = main(`resource "terraform_data" "a" {
  input = [for i in range(1024) : [for j in range(1024) : [for k in range(1024) : sha512("\${i}-\${j}-\${k}")]]]
}
`);
    const short = runner({ limits: { seconds: 1 } }).plan({ stack: fresh(), files: slow });
    await expect(short).rejects.toMatchObject({ code: 'TERRAFORM_FAILED', message: expect.stringContaining('1 s') });
    const left = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
    expect(left.filter((args) => args.includes(join(folder, 'work')))).toEqual([]);
  }, 60_000);

  // The files below are refused before anything runs (libs/terraform/src/source-safety.spec.ts). Here they run all
  // the same: what holds when the first wall falls.
  test.each([
    // What anybody may read is carried out: the rows below would see a secret that gets through.
    ['what anybody may read', 'locals {\n  x = file("${DATA}/../open.txt")\n}', true],
    ['the environment of the worker, by file', 'locals {\n  x = file("/proc/${PPID}/environ")\n}'],
    ['its own environment', 'locals {\n  x = file("/proc/self/environ")\n}'],
    ['the data folder, by file', 'locals {\n  x = file("${DATA}/secrets.json")\n}'],
    ['the data folder, by template', 'locals {\n  x = templatefile("${DATA}/secrets.json", {})\n}'],
    [
      'the data folder, by listing',
      'locals {\n  x = join(",", [for f in fileset("${DATA}", "*") : file("${DATA}/${f}")])\n}',
    ],
    ['a variable of the environment', 'variable "planted" {\n  default = "none"\n}\nlocals {\n  x = var.planted\n}'],
    [
      'a command',
      'resource "terraform_data" "y" {\n  provisioner "local-exec" {\n    command = "env; cat ${DATA}/secrets.json >&2"\n  }\n}\nlocals {\n  x = 1\n}',
    ],
  ] as [string, string, boolean?][])('%s: what a plan can carry out', async (_, trick, isOpen = false) => {
    const content = `${trick
      .replaceAll('${DATA}', join(folder, 'data'))
      .replaceAll('${PPID}', String(process.pid))
      .replaceAll('${f}', '${' + 'f}')}\nresource "terraform_data" "out" {\n  input = local.x\n}\n`;
    const request = { stack: fresh(), files: main(content) };
    const said: string[] = [];
    try {
      const { plan, planFile } = await runner().plan(request);
      said.push(JSON.stringify(plan), planFile.toString('latin1'));
      const applied = await runner().apply({ ...request, planFile, approved: plan });
      said.push(JSON.stringify(applied));
      said.push(readFileSync(join(folder, 'states', request.stack, 'terraform.tfstate'), 'utf8'));
    } catch (error) {
      said.push(JSON.stringify(error), String(error));
    }
    expect(said.join('\n').includes(SECRET)).toBe(isOpen);
  });
});
