import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { ArtifactStore } from './artifact-store.js';
import { giveToJob, type JobLog, reachable } from './job-process.js';

/** What an action works with. */
export interface JobScene {
  readonly core: SandboxCore;
  readonly repo: RepositoryContext;
  readonly artifacts: ArtifactStore;
  readonly runId: number;
  readonly headSha: string;
  /** The checked-out files; a folder of programs that PATH finds; a place for copies of programs. */
  readonly workspace: string;
  readonly tools: string;
  readonly copies: string;
  /** Programs of this machine by name. */
  readonly programs: Readonly<Record<string, string>>;
  readonly log: JobLog;
}

type Inputs = Readonly<Record<string, string>>;
export interface StandIn {
  /** Inputs it understands; any other is refused by name. */
  readonly inputs: readonly string[];
  run(inputs: Inputs, scene: JobScene): Promise<void>;
}

/** Stand-ins for the few actions of the workflows we ship, by name; whatever stands behind the `@` names the real one. */
export const STAND_INS: Readonly<Record<string, StandIn>> = {
  'actions/checkout': { inputs: ['ref', 'persist-credentials', 'fetch-depth'], run: checkout },
  'actions/upload-artifact': { inputs: ['name', 'path', 'if-no-files-found', 'retention-days'], run: upload },
  'actions/download-artifact': { inputs: ['name', 'path', 'run-id', 'github-token'], run: download },
  'hashicorp/setup-terraform': {
    inputs: ['terraform_version', 'terraform_wrapper'],
    run: (inputs, scene) => setUp('terraform', inputs.terraform_wrapper, scene),
  },
  'opentofu/setup-opentofu': {
    inputs: ['tofu_version', 'tofu_wrapper'],
    run: (inputs, scene) => setUp('tofu', inputs.tofu_wrapper, scene),
  },
};

/** A path inside the workspace. @throws Error for any other */
export function inside(workspace: string, path: string): string {
  const whole = resolve(workspace, path);
  if (whole !== workspace && !whole.startsWith(workspace + sep))
    throw new Error(`${path} lies outside of the workspace`);
  return whole;
}

/** The files of a commit, without git around them. */
async function checkout(inputs: Inputs, { core, repo, workspace, headSha, log }: JobScene): Promise<void> {
  const { sha, tree } = await core.resolve(repo, inputs.ref || headSha);
  for (const [path, { mode, oid }] of await repo.git.flatten(tree)) {
    if (mode === '120000' || mode === '160000') throw new Error(`not supported: ${path} is a link`);
    const file = inside(workspace, path);
    for (let folder = workspace; ; ) {
      const next = dirname(file)
        .slice(folder.length + 1)
        .split(sep)[0];
      if (!next) break;
      folder = join(folder, next);
      if (!existsSync(folder)) {
        mkdirSync(folder);
        giveToJob(folder);
      }
    }
    writeFileSync(file, (await repo.git.blob(oid)) ?? new Uint8Array());
    giveToJob(file);
    if (mode === '100755') chmodSync(file, 0o755);
  }
  log.add(`Checked out ${sha}`);
}

async function upload(inputs: Inputs, { artifacts, repo, runId, workspace, log }: JobScene): Promise<void> {
  const { name = 'artifact', path = '' } = inputs;
  const files: Record<string, Uint8Array> = {};
  for (const line of path.split('\n').filter((one) => one.trim() !== '')) {
    const file = resolve(workspace, line.trim());
    if (!existsSync(file)) continue;
    // A link would carry a file of this machine out.
    if (!lstatSync(file).isFile()) throw new Error(`not supported: ${line} is no plain file`);
    files[basename(file)] = readFileSync(file);
  }
  if (Object.keys(files).length === 0) {
    if (inputs['if-no-files-found'] === 'error') throw new Error(`No files were found with the provided path: ${path}`);
    return;
  }
  await artifacts.keep(repo, runId, name, files, Number(inputs['retention-days'] || 90));
  log.add(`Artifact ${name} has been uploaded`);
}

async function download(inputs: Inputs, scene: JobScene): Promise<void> {
  const { core, repo, artifacts, workspace, log } = scene;
  const { name = '', path = '.', 'run-id': other, 'github-token': token } = inputs;
  if (other && other !== String(scene.runId)) {
    if (!token) throw new Error('an artifact of another run needs a github-token');
    core.requireAccess(await core.identities.caller(`Bearer ${token}`), repo, [['actions', 'read']]);
  }
  const runId = other ? Number(other) : scene.runId;
  const found = repo.state.actions.artifacts.find((one) => one.runId === runId && one.name === name);
  if (!found || artifacts.isExpired(found)) throw new Error(`Artifact not found for name: ${name}`);
  const folder = inside(workspace, path);
  mkdirSync(folder, { recursive: true });
  giveToJob(folder);
  for (const [file, content] of Object.entries(artifacts.open(found))) {
    const whole = inside(folder, file);
    writeFileSync(whole, content, { mode: 0o600 });
    giveToJob(whole);
  }
  log.add(`Artifact ${name} has been downloaded`);
}

/** Nothing is fetched: the program of this machine is put where the job finds it. */
async function setUp(name: string, wrapper: string | undefined, scene: JobScene): Promise<void> {
  if (wrapper !== 'false') throw new Error(`not supported: a wrapper around ${name}`);
  const program = scene.programs[name];
  if (program === undefined) throw new Error(`there is no ${name} on this machine`);
  symlinkSync(reachable(program, scene.copies), join(scene.tools, name));
  scene.log.add(`Uses the ${name} of this machine`);
}
