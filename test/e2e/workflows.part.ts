import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultSeed, type SandboxGitHub, type SeedEnvironment, startSandboxGitHub } from '@planwarden/sandbox-github';
import { APP_PERMISSIONS, createSourceControl } from '@planwarden/source-control';

describe('workflows', () => {
  /** The shipped workflow files in the sandbox's Actions, up to where a terraform would be needed. */
  const shipped = (name: string): string =>
    readFileSync(new URL(`../../deploy/github/${name}`, import.meta.url).pathname, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-workflows-'));
  const RELEASE = 9002;
  const variables = { PLANWARDEN_ACTOR_ID: String(RELEASE), PLANWARDEN_PLAN_KEYS: 'none' };
  const seed = defaultSeed({
    files: {
      '.github/workflows/planwarden-plan.yml': shipped('planwarden-plan.yml'),
      '.github/workflows/planwarden-apply.yml': shipped('planwarden-apply.yml'),
      '.github/planwarden/planwarden-stack.mjs': shipped('planwarden-stack.mjs'),
      'stacks/web/main.tf': 'resource "terraform_data" "greeting" {\n}\n',
    },
    environments: {
      'planwarden-plan-staging': { variables, secrets: {} },
      'planwarden-apply-staging': { variables, secrets: {} },
    },
  });
  const [author, release] = seed.apps.map(({ token }) => token ?? '');
  const operator = seed.users[0]?.token ?? '';
  let github: SandboxGitHub;
  beforeAll(async () => {
    github = await startSandboxGitHub({ dataFolder: folder, seed });
  });
  afterAll(async () => {
    expect(github.control.violations()).toBe(0);
    await github.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  type Json = Record<string, unknown>;
  async function ask(
    path: string,
    token = release,
    body?: Json,
  ): Promise<{ status: number; text: string; json: Json }> {
    const answer = await fetch(`${github.url}/repos/platform/infrastructure${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, text, json: text.startsWith('{') ? (JSON.parse(text) as Json) : {} };
  }

  const common = { round: '1', environment: 'staging', stack: 'web', path: 'stacks/web', binary: 'terraform' };
  async function start(kind: 'plan' | 'apply', run: string, more: Json, ref = 'main', token = release): Promise<void> {
    const inputs = { run, ...common, ...more };
    const said = await ask(`/actions/workflows/planwarden-${kind}.yml/dispatches`, token, { ref, inputs });
    expect([said.status, said.text]).toEqual([204, '']);
  }
  const planned = { plan_run: '1', plan_digest: 'sha256:a', file_digest: 'sha256:b' };
  const head = async (): Promise<string> => ((await ask('/git/ref/heads/main')).json.object as { sha: string }).sha;

  /** Logs of the runs of a name, oldest first, once so many are over. */
  async function logs(name: string, count: number): Promise<string[]> {
    for (;;) {
      const runs = ((await ask('/actions/runs')).json.workflow_runs as Json[])
        .filter((run) => run.display_title === name && run.status === 'completed')
        .sort((a, b) => Number(a.id) - Number(b.id));
      if (runs.length < count) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        continue;
      }
      const told: string[] = [];
      for (const { id } of runs) {
        const [job] = (await ask(`/actions/runs/${String(id)}/jobs`)).json.jobs as Json[];
        told.push((await ask(`/actions/jobs/${String(job?.id)}/logs`)).text);
      }
      return told;
    }
  }
  const NO_TERRAFORM = 'there is no terraform on this machine';

  test('of two starts by one name the first goes on, the other ends as a duplicate', async () => {
    const commit = await head();
    await start('plan', 'run_1', { commit });
    await start('plan', 'run_1', { commit });
    const [first, second] = await logs('Planwarden plan run_1/1', 2);
    expect(first).toContain('planwarden: this run goes on');
    expect(first).toContain(NO_TERRAFORM);
    expect(second).toContain('planwarden-end {"code":"DUPLICATE_START"}');
    expect(second).not.toContain(NO_TERRAFORM);
  });

  test('a start by somebody else goes nowhere, and takes no turn from ours', async () => {
    const commit = await head();
    await start('plan', 'run_2', { commit }, 'main', operator);
    await start('plan', 'run_2', { commit });
    const [theirs, ours] = await logs('Planwarden plan run_2/1', 2);
    expect(theirs).toContain('planwarden-end {"code":"START_REFUSED"}');
    expect(ours).toContain('planwarden: this run goes on');
    expect(await ask('/actions/runs', author)).toMatchObject({ status: 403 });
  });

  test('another commit than was asked for is not planned', async () => {
    await start('plan', 'run_3', { commit: '0'.repeat(40) });
    expect((await logs('Planwarden plan run_3/1', 1))[0]).toContain('planwarden-end {"code":"START_REFUSED"}');
  });

  test('an apply stands on the tag of its run and nowhere else', async () => {
    await start('apply', 'run_4', planned);
    expect((await logs('Planwarden apply run_4/1', 1))[0]).toContain('it does not stand on the tag of the run');
    const tag = { ref: 'refs/tags/planwarden/run/run_5/1', sha: await head() };
    expect((await ask('/git/refs', release, tag)).status).toBe(201);
    await start('apply', 'run_5', planned, 'planwarden/run/run_5/1');
    const [log] = await logs('Planwarden apply run_5/1', 1);
    expect(log).toContain('planwarden: this run goes on');
    // There is no such plan to open, so it ends before anything of Terraform is set up.
    expect(log).toContain('Artifact not found for name: planwarden-plan-run_5-1');
    expect(log).not.toContain(NO_TERRAFORM);
  });

  test('with exactly the permissions of the release App the road of Actions works, and it needs actions to start and to read', async () => {
    const { control } = github;
    const repository = { owner: 'platform', name: 'infrastructure' };
    const ours = createSourceControl({ baseUrl: github.url, credential: { token: release ?? '' }, repository });
    const { actions, ...fewer } = APP_PERMISSIONS.release;
    const commit = await head();
    const inputs = { run: 'run_6', ...common, commit };
    const startOne = () => ours.startWorkflow({ workflow: 'planwarden-plan.yml', ref: 'main', inputs });
    control.grant('planwarden-release', { ...fewer, actions });
    await startOne();
    expect((await logs('Planwarden plan run_6/1', 1))[0]).toContain('planwarden: this run goes on');
    expect((await ours.workflowRuns(commit)).map(({ name }) => name)).toContain('Planwarden plan run_6/1');
    expect(control.permissionsUsed('planwarden-release')).toContain(`actions:${actions}`);
    control.grant('planwarden-release', { ...fewer, actions: 'read' });
    await expect(startOne()).rejects.toMatchObject({ code: 'OUTSIDE_REFUSED' });
    control.grant('planwarden-release', fewer);
    await expect(ours.workflowRuns(commit)).rejects.toMatchObject({ code: 'OUTSIDE_REFUSED' });
    control.grant('planwarden-release', APP_PERMISSIONS.release);
  });

  test('an environment that admits our tags alone runs no job of a branch, and is what the check of the repository asks for', async () => {
    const { control } = github;
    const repository = { owner: 'platform', name: 'infrastructure' };
    const ours = createSourceControl({ baseUrl: github.url, credential: { token: release ?? '' }, repository });
    const environments = { plan: 'planwarden-plan-staging', apply: 'planwarden-apply-staging' };
    const asked = { branch: 'main', quorum: 1, checkName: 'planwarden/plan' };
    const plain = { variables, secrets: {} };
    const isMet = async (seeded: Record<string, SeedEnvironment>) => {
      control.protect('platform/infrastructure', { environments: seeded });
      const found = await ours.protection({ ...asked, environments });
      return found.find(({ name }) => name === 'environments')?.isMet;
    };
    const admitting = (...admits: { type: 'branch' | 'tag'; name: string }[]) => ({
      'planwarden-plan-staging': plain,
      'planwarden-apply-staging': { ...plain, admits },
    });
    const tags = { type: 'tag', name: 'planwarden/run/*/*' } as const;
    const none = await ours.protection({ ...asked, environments: null });
    expect(none.map(({ name }) => name)).not.toContain('environments');
    expect(await isMet({ 'planwarden-plan-staging': plain, 'planwarden-apply-staging': plain })).toBe(false);
    expect(await isMet({ 'planwarden-apply-staging': { ...plain, admits: [tags] } })).toBe(false);
    expect(await isMet(admitting())).toBe(false);
    expect(await isMet(admitting(tags, { type: 'branch', name: 'main' }))).toBe(false);
    expect(await isMet(admitting({ type: 'tag', name: '*' }))).toBe(false);
    expect(await isMet(admitting({ type: 'branch', name: tags.name }))).toBe(false);
    expect(await isMet(admitting(tags))).toBe(true);
    await start('apply', 'run_7', planned);
    expect((await logs('Planwarden apply run_7/1', 1))[0]).toContain('refs/heads/main is not allowed to deploy');
    await start('apply', 'run_5', planned, 'planwarden/run/run_5/1');
    expect((await logs('Planwarden apply run_5/1', 2))[1]).not.toContain('is not allowed to deploy');
  });
});
