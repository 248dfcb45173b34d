import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openReceiver, openSandbox, type Received, refusal, repo, type Sandbox } from './sandbox.spec-kit.js';

const SECRET = 'hunter2-planted-5b1e';
const FILES = {
  'greeting.txt': 'hello from the commit\n',
  '.github/workflows/greet.yml': `
name: greet
run-name: Greet \${{ inputs.who }}
on:
  workflow_dispatch:
    inputs:
      who: { type: string, required: true }
      mood: { type: choice, options: [glad, calm], default: calm }
permissions: { contents: read, actions: read }
env: { FROM: workflow, KEPT: yes }
jobs:
  prepare:
    runs-on: ubuntu-24.04
    environment: quiet-\${{ inputs.mood }}
    env: { FROM: job }
    outputs:
      said: \${{ steps.say.outputs.said }}
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
      - id: say
        name: Say it to \${{ inputs.who }}
        env: { TOLD: "\${{ secrets.KEY }}", VOLUME: "\${{ vars.VOLUME }}" }
        run: |
          cat greeting.txt
          echo "key is $TOLD and volume $VOLUME, $FROM $KEPT"
          echo "::add-mask::whispered"
          echo "it was whispered"
          echo "said=\${{ inputs.who }}, \${{ inputs.mood }}" >> "$GITHUB_OUTPUT"
          echo "LATER=yes" >> "$GITHUB_ENV"
      - name: Only after failure
        if: failure()
        run: echo never
      - run: test "$LATER" = yes && echo content > box.txt
      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02
        with: { name: box, path: box.txt, if-no-files-found: error }
  use:
    needs: prepare
    if: needs.prepare.outputs.said == format('{0}, calm', inputs.who)
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093
        with: { name: box, path: got }
      - run: grep content got/box.txt
      - run: test ! -e greeting.txt
  never:
    needs: [prepare, use]
    if: github.ref_name != 'main'
    runs-on: ubuntu-24.04
    steps: [{ run: exit 1 }]
`,
  '.github/workflows/wrong.yml': `
name: wrong
on: workflow_dispatch
jobs:
  fails:
    runs-on: ubuntu-24.04
    steps:
      - run: "echo before; false; echo after"
      - run: echo not reached
      - if: always()
        run: echo tidied up
  odd:
    runs-on: ubuntu-24.04
    strategy: { matrix: { one: [1, 2] } }
    steps: [{ run: echo odd }]
  foreign:
    runs-on: ubuntu-24.04
    steps: [{ uses: someone/something@v1 }]
`,
  '.github/workflows/serial.yml': `
name: serial
run-name: Serial \${{ inputs.n }}
on: { workflow_dispatch: { inputs: { n: { type: string } } } }
concurrency: { group: one, cancel-in-progress: false }
jobs:
  wait:
    runs-on: ubuntu-24.04
    steps: [{ run: "echo \${{ inputs.n }}" }]
`,
  '.github/workflows/ci.yml': 'on: push\njobs: { a: { runs-on: ubuntu-24.04, steps: [{ run: exit 0 }] } }\n',
};

let sandbox: Sandbox;
let received: Received[] = [];
let receiver: Awaited<ReturnType<typeof openReceiver>>;
let folder = '';
const environments = { 'quiet-calm': { variables: { VOLUME: 'low' }, secrets: { KEY: SECRET } } };
beforeAll(async () => {
  receiver = await openReceiver();
  received = receiver.received;
  folder = mkdtempSync(join(tmpdir(), 'sandbox-actions-'));
  const webhook = { url: receiver.url, secret: 'x'.repeat(20), events: ['workflow_run', 'workflow_job'] };
  sandbox = await openSandbox({ files: FILES, environments, webhook, folder });
});
afterEach(() => {
  expect(sandbox.failures).toEqual([]);
  expect(sandbox.control.violations()).toBe(0);
});
afterAll(async () => {
  await sandbox.end();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const dispatch = (workflow: string, inputs: Record<string, string> = {}, ref = 'main') =>
  sandbox.release.rest.actions.createWorkflowDispatch({ ...repo, workflow_id: workflow, ref, inputs });
const runsOf = async (workflow: string) =>
  (await sandbox.release.rest.actions.listWorkflowRuns({ ...repo, workflow_id: workflow })).data.workflow_runs;

/** The runs of a workflow, newest first, once so many of them are there and have ended. */
async function ended(workflow: string, count = 1) {
  for (;;) {
    const runs = await runsOf(workflow);
    if (runs.length >= count && runs.every(({ status }) => status === 'completed')) return runs;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
async function jobsOf(run_id: number) {
  const { data } = await sandbox.release.rest.actions.listJobsForWorkflowRun({ ...repo, run_id });
  return new Map(data.jobs.map((job) => [job.name, job]));
}
async function logOf(job_id: number): Promise<string> {
  return String((await sandbox.release.rest.actions.downloadJobLogsForWorkflowRun({ ...repo, job_id })).data);
}

test('a dispatch answers 204 without a run; the run is found by its name and does what the file says', async () => {
  const answer = await dispatch('greet.yml', { who: 'Olivia' });
  expect([answer.status, answer.data]).toEqual([204, '']);
  const [run] = await ended('greet.yml');
  const { data: main } = await sandbox.release.rest.git.getRef({ ...repo, ref: 'heads/main' });
  expect(run).toMatchObject({
    ...{ display_title: 'Greet Olivia', name: 'greet', event: 'workflow_dispatch', conclusion: 'success' },
    ...{ head_sha: main.object.sha, head_branch: 'main', run_attempt: 1, actor: { id: 9002 } },
  });
  const jobs = await jobsOf(run?.id ?? 0);
  expect([...jobs].map(([name, { conclusion }]) => [name, conclusion])).toEqual([
    ['prepare', 'success'],
    ['use', 'success'],
    ['never', 'skipped'],
  ]);
  expect(jobs.get('prepare')?.steps?.map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ['Run actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683', 'success'],
    ['Say it to Olivia', 'success'],
    ['Only after failure', 'skipped'],
    ['Run a script', 'success'],
    ['Run actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02', 'success'],
  ]);
  const log = await logOf(jobs.get('prepare')?.id ?? 0);
  expect(log).toContain('Sandbox Actions (simulated: true)');
  expect(log).toContain('hello from the commit');
  expect(log).toContain('key is *** and volume low, job yes');
  expect(log).toContain('it was ***');
  expect(log).not.toContain(SECRET);
});

test('artifacts are listed and fetched as a zip through a link that needs no credentials and cannot be made up', async () => {
  const [run] = await ended('greet.yml');
  const { data } = await sandbox.release.rest.actions.listWorkflowRunArtifacts({ ...repo, run_id: run?.id ?? 0 });
  expect(data.artifacts).toMatchObject([{ name: 'box', expired: false, workflow_run: { id: run?.id } }]);
  const artifact_id = data.artifacts[0]?.id ?? 0;
  const zip = await sandbox.release.rest.actions.downloadArtifact({ ...repo, artifact_id, archive_format: 'zip' });
  expect(
    Buffer.from(zip.data as ArrayBuffer)
      .subarray(0, 2)
      .toString(),
  ).toBe('PK');
  const forged = await fetch(`${sandbox.url}/storage/${artifact_id}.zip?until=99999999999999&sig=00`);
  expect(forged.status).toBe(404);
});

test('says by name what it does not support, and ends only that job', async () => {
  await dispatch('wrong.yml');
  const [run] = await ended('wrong.yml');
  expect(run?.conclusion).toBe('failure');
  const jobs = await jobsOf(run?.id ?? 0);
  const fails = jobs.get('fails');
  expect(fails?.steps?.map(({ conclusion }) => conclusion)).toEqual(['failure', 'skipped', 'success']);
  const log = await logOf(fails?.id ?? 0);
  expect(log).toContain('before');
  expect(log).not.toMatch(/Z after$/m);
  expect(log).toContain('##[error]Process completed with exit code 1.');
  expect(log).toContain('tidied up');
  expect(await logOf(jobs.get('odd')?.id ?? 0)).toContain('not supported: jobs.odd.strategy');
  expect(await logOf(jobs.get('foreign')?.id ?? 0)).toContain('not supported: uses someone/something@v1');
});

test('one run of a concurrency group at a time; of those that wait the newest stays', async () => {
  const open = sandbox.control.holdRunners();
  const reached = async (wanted: readonly string[]) => {
    const seen = async () => (await runsOf('serial.yml')).map((run) => `${run.display_title}: ${run.status}`);
    while (String(await seen()) !== String(wanted)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await dispatch('serial.yml', { n: '1' });
  await reached(['Serial 1: in_progress']);
  await dispatch('serial.yml', { n: '2' });
  await reached(['Serial 2: pending', 'Serial 1: in_progress']);
  await dispatch('serial.yml', { n: '3' });
  await reached(['Serial 3: pending', 'Serial 2: completed', 'Serial 1: in_progress']);
  expect((await runsOf('serial.yml')).map(({ conclusion }) => conclusion)).toEqual([null, 'cancelled', null]);
  open();
  const runs = await ended('serial.yml', 3);
  expect(runs.map(({ conclusion }) => conclusion)).toEqual(['success', 'cancelled', 'success']);
});

test('a run that finds no runner can be cancelled, and a late dispatch appears late', async () => {
  const open = sandbox.control.holdRunners();
  const release = sandbox.control.holdDispatches();
  await dispatch('serial.yml', { n: 'late' });
  expect((await runsOf('serial.yml')).map((run) => run.display_title)).not.toContain('Serial late');
  release();
  let run = (await runsOf('serial.yml'))[0];
  while (run?.display_title !== 'Serial late') {
    await new Promise((resolve) => setTimeout(resolve, 10));
    run = (await runsOf('serial.yml'))[0];
  }
  await sandbox.release.rest.actions.cancelWorkflowRun({ ...repo, run_id: run.id });
  expect((await ended('serial.yml', 4))[0]?.conclusion).toBe('cancelled');
  open();
  expect(await refusal(sandbox.release.rest.actions.cancelWorkflowRun({ ...repo, run_id: run.id }))).toMatchObject({
    status: 409,
  });
});

describe('what is refused', () => {
  test.each([
    ['a workflow that is not there', 'none.yml', {}, 'main', 404, 'Not Found'],
    ['one that nobody may start', 'ci.yml', {}, 'main', 422, "does not have 'workflow_dispatch' trigger"],
    ['a missing input', 'greet.yml', {}, 'main', 422, "Required input 'who' not provided"],
    ['an input it does not have', 'greet.yml', { who: 'x', more: 'y' }, 'main', 422, 'Unexpected inputs provided'],
    ['a value that is no choice', 'greet.yml', { who: 'x', mood: 'odd' }, 'main', 422, 'not in the list'],
    ['a ref that is not there', 'greet.yml', { who: 'x' }, 'nowhere', 422, 'No ref found for: nowhere'],
  ] as const)('%s', async (_, workflow, inputs, ref, status, words) => {
    const refused = await refusal(dispatch(workflow, inputs, ref));
    expect(refused).toEqual({ status, text: expect.stringContaining(words) });
  });

  test('an App without the permission, for reading and for starting', async () => {
    const { author } = sandbox;
    const start = author.rest.actions.createWorkflowDispatch({ ...repo, workflow_id: 'greet.yml', ref: 'main' });
    expect(await refusal(start)).toMatchObject({ status: 403 });
    expect(await refusal(author.rest.actions.listWorkflowRunsForRepo(repo))).toMatchObject({ status: 403 });
  });
});

test('webhooks tell each turn of a run and its jobs', async () => {
  await sandbox.control.webhooksSettled();
  const told = received.map(({ headers, body }) => [headers['x-github-event'], JSON.parse(body)] as const);
  const actions = told
    .filter(([event, { workflow_run: run }]) => event === 'workflow_run' && run.display_title === 'Greet Olivia')
    .map(([, { action, workflow_run: run }]) => [action, run.status, run.conclusion]);
  expect(actions).toEqual([
    ['requested', 'queued', null],
    ['in_progress', 'in_progress', null],
    ['completed', 'completed', 'success'],
  ]);
  const jobs = told.flatMap(([event, { action, workflow_job: job }]) =>
    event === 'workflow_job' && job.name === 'use' ? [action] : [],
  );
  expect(jobs).toEqual(['queued', 'in_progress', 'completed']);
});

test('a token of a job ends with it, and holds only what the workflow asked for', async () => {
  const [run] = await ended('greet.yml');
  expect(run?.conclusion).toBe('success');
  await sandbox.control.push({
    ...{ repository: 'platform/infrastructure', branch: 'token', login: 'operator' },
    files: {
      '.github/workflows/serial.yml': FILES['.github/workflows/serial.yml'].replace(
        `steps: [{ run: "echo \${{ inputs.n }}" }]`,
        `steps:
      - env: { TOKEN: "\${{ github.token }}" }
        run: |
          ask() { curl -s -o /dev/null -w '%{http_code}' -H "authorization: Bearer $TOKEN" "$@"; }
          echo "read $(ask $GITHUB_API_URL/repos/$GITHUB_REPOSITORY/git/ref/heads/main)"
          echo "runs $(ask $GITHUB_API_URL/repos/$GITHUB_REPOSITORY/actions/runs)"
          echo "id $(id -u)"`,
      ),
    },
  });
  await dispatch('serial.yml', { n: 'token' }, 'token');
  const last = (await ended('serial.yml', 5))[0];
  const log = await logOf((await jobsOf(last?.id ?? 0)).get('wait')?.id ?? 0);
  expect(log).toContain('read 200');
  expect(log).toContain('runs 403');
  // As root a job is another user; else it is the one we are.
  expect(log).toContain(`id ${process.getuid?.() === 0 ? 65534 : process.getuid?.()}`);
});
