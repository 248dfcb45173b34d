import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { PlanwardenError, sha256, type TerraformPlan } from '@planwarden/contracts';
import { redactText } from '@planwarden/redaction';
import { normalisePlan } from './normalise-plan.js';
import { type ProviderSettings, providerFile, STATE_ACCESS, type StateSettings } from './operator-settings.js';
import { planFileState } from './plan-file.js';
import { readState, type StackState } from './read-state.js';
import { type ChildLimits, type ChildResult, DEFAULT_LIMITS, runChild } from './terraform-child.js';

/** A file of the stack, relative to its folder. */
export interface StackFile {
  readonly path: string;
  readonly content: string;
}

export interface StackRunnerOptions {
  /** Path of `terraform` or `tofu`. */
  readonly binary: string;
  /** A folder that is ours alone; every command works in a new one below it. */
  readonly workFolder: string;
  /** Folder of the states of a `local` backend. */
  readonly stateFolder: string;
  /** Where the state is kept; the operator says so, never a file. Default: a file below `stateFolder`. */
  readonly state?: StateSettings;
  /** Providers that the operator sets up, and with which credentials. */
  readonly providers?: readonly ProviderSettings[];
  /** A mirror of provider packages; without it no provider can be installed. */
  readonly mirror?: string;
  readonly limits?: Partial<ChildLimits>;
}

export interface StackRequest {
  /** Name of the stack: its state. */
  readonly stack: string;
  readonly files: readonly StackFile[];
  readonly signal?: AbortSignal;
}

export interface PlannedStack {
  readonly plan: TerraformPlan;
  /** The saved plan: holds secrets in clear, so it leaves the runner's hands only encrypted. */
  readonly planFile: Buffer;
  readonly version: string;
}

const PLAN = 'plan.out';
const BACKEND = 'planwarden_backend.tf';
const PROVIDERS = 'planwarden_providers.tf';
/** `nobody`. */
const OTHER_USER = { uid: 65_534, gid: 65_534 };
const NO_LOCK_FILE = sha256('');

/**
 * Runs a real terraform or tofu on files that were found safe (see source-safety). Each command gets an empty
 * environment, a folder and a HOME of its own, limits, and another user where we are root: a plan runs code.
 */
export class StackRunner {
  private readonly limits: ChildLimits;
  private readonly user = process.getuid?.() === 0 ? OTHER_USER : undefined;

  constructor(private readonly options: StackRunnerOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  /**
   * init, validate, a saved plan, and its normalised JSON made from that very file.
   * @throws PlanwardenError TERRAFORM_INVALID with file and line, TERRAFORM_FAILED, STATE_LOCKED (retryable)
   */
  async plan(request: StackRequest): Promise<PlannedStack> {
    return this.inFolder(request, async (folder) => {
      await this.must(folder, ['validate', '-json', '-no-color'], request.signal, validateRefusal);
      await this.must(folder, ['plan', '-input=false', '-json', '-lock-timeout=0s', `-out=${PLAN}`], request.signal);
      return this.read(folder, request.signal);
    });
  }

  /**
   * Applies exactly the saved plan: file and normalised JSON are digested again, here, before anything is done.
   * @throws PlanwardenError PLAN_FILE_DIFFERS, PLAN_STALE, STATE_LOCKED (retryable), TERRAFORM_FAILED
   */
  async apply(
    request: StackRequest & {
      readonly planFile: Buffer;
      readonly approved: Pick<TerraformPlan, 'digest' | 'fileDigest'>;
    },
  ): Promise<StackState> {
    const { approved } = request;
    return this.inFolder(request, async (folder) => {
      this.write(folder, PLAN, request.planFile);
      const { plan } = await this.read(folder, request.signal);
      if (plan.fileDigest !== approved.fileDigest || plan.digest !== approved.digest) {
        throw new PlanwardenError('PLAN_FILE_DIFFERS', 'the saved plan is not the one that was approved', {
          remedy: 'Nothing was applied. Ask for the change again.',
        });
      }
      await this.must(folder, ['apply', '-input=false', '-json', '-lock-timeout=0s', PLAN], request.signal);
      return this.stateOf(folder, request.signal);
    });
  }

  /**
   * What a saved plan of elsewhere says, made anew from the file: no JSON that came beside it is believed.
   * @throws PlanwardenError TERRAFORM_FAILED for what is no plan of these files
   */
  async inspect(request: StackRequest & { readonly planFile: Buffer }): Promise<PlannedStack> {
    return this.inFolder(request, async (folder) => {
      this.write(folder, PLAN, request.planFile);
      return this.read(folder, request.signal);
    });
  }

  /** The state as it is now, without its values; lineage '' and serial 0 before the first apply. */
  async state(request: Pick<StackRequest, 'stack' | 'signal'>): Promise<StackState> {
    return this.inFolder({ ...request, files: [] }, (folder) => this.stateOf(folder, request.signal));
  }

  /** Version of the binary, e.g. `terraform 1.11.4`. @throws PlanwardenError PLAN_UNAVAILABLE when it cannot be run */
  async version(): Promise<string> {
    const folder = this.newFolder();
    try {
      const { code, stdout } = await this.run(folder, ['version', '-json'], undefined);
      const said = code === 0 ? (JSON.parse(stdout) as { terraform_version?: unknown }) : {};
      if (typeof said.terraform_version !== 'string') throw unavailable();
      return said.terraform_version;
    } catch {
      throw unavailable();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private async inFolder<T>(request: StackRequest, act: (folder: string) => Promise<T>): Promise<T> {
    const folder = this.newFolder();
    try {
      for (const { path, content } of request.files) this.write(folder, path, content);
      await this.setUpProviders(folder, request.files);
      const init = ['init', '-input=false', '-no-color', '-json', '-reconfigure', ...this.backend(folder, request)];
      const locked = request.files.some(({ path }) => path === '.terraform.lock.hcl');
      await this.must(folder, locked ? [...init, '-lockfile=readonly'] : init, request.signal);
      return await act(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Writes which backend there is, for init alone to learn where: a file cannot have a say in it. */
  private backend(folder: string, { stack }: Pick<StackRequest, 'stack'>): string[] {
    const { state = { kind: 'local' } } = this.options;
    this.write(folder, BACKEND, `terraform {\n  backend "${state.kind}" {}\n}\n`);
    const settings =
      state.kind === 'local'
        ? { path: join(this.ownFolder(this.options.stateFolder, stack), 'terraform.tfstate') }
        : { secret_suffix: state.secretSuffix, namespace: state.namespace, config_path: STATE_ACCESS };
    return Object.entries(settings).map(([name, value]) => `-backend-config=${name}=${value}`);
  }

  /** The operator's part of the configuration, beside the files of the stack and never among them. */
  private async setUpProviders(folder: string, files: readonly StackFile[]): Promise<void> {
    const { text, secrets } = await providerFile(this.options.providers ?? [], files);
    if (text === '') return;
    this.write(folder, PROVIDERS, text);
    for (const { name, content } of secrets) this.write(folder, name, content);
  }

  private async read(folder: string, signal: AbortSignal | undefined): Promise<PlannedStack> {
    const planFile = readFileSync(join(folder, PLAN));
    const shown = await this.must(folder, ['show', '-json', '-no-color', PLAN], signal);
    // The file is read before and after: what was shown is what was read.
    if (!planFile.equals(readFileSync(join(folder, PLAN)))) throw failed('the plan file changed while it was read');
    const { digest, resources, drift, providers, modules, terraformVersion } = normalisePlan(jsonOf(shown.stdout));
    const count = (action: string): number => resources.filter((one) => one.action === action).length;
    const plan: TerraformPlan = {
      kind: 'terraform-plan/1',
      digest,
      fileDigest: sha256(planFile),
      lockDigest: lockDigest(folder),
      state: planFileState(planFile),
      resources: [...resources],
      drift: [...drift],
      ...{ providers, modules },
      summary: {
        create: count('create'),
        update: count('update'),
        delete: count('delete'),
        replace: count('replace'),
        noop: count('no-op'),
      },
    };
    return { plan, planFile, version: terraformVersion };
  }

  private async stateOf(folder: string, signal: AbortSignal | undefined): Promise<StackState> {
    const { stdout } = await this.must(folder, ['state', 'pull'], signal);
    return stdout.trim() === '' ? { lineage: '', serial: 0, resources: [] } : readState(jsonOf(stdout));
  }

  /** Runs a command and demands that it succeeds. */
  private async must(
    folder: string,
    args: readonly string[],
    signal: AbortSignal | undefined,
    refusal: (stdout: string) => PlanwardenError | undefined = () => undefined,
  ): Promise<ChildResult> {
    const result = await this.run(folder, args, signal);
    if (result.code === 0 && result.ended === null) return result;
    if (result.ended === 'time') throw failed(`terraform ${args[0]} took longer than ${this.limits.seconds} s`);
    if (result.ended === 'output') throw failed(`terraform ${args[0]} said more than is read`);
    if (result.ended === 'canceled') throw failed(`terraform ${args[0]} was canceled`);
    throw refusal(result.stdout) ?? failureOf(String(args[0]), result.stdout);
  }

  private run(folder: string, args: readonly string[], signal: AbortSignal | undefined): Promise<ChildResult> {
    const { binary } = this.options;
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: join(folder, '.home'),
      TMPDIR: join(folder, '.tmp'),
      LANG: 'C.UTF-8',
      TF_IN_AUTOMATION: '1',
      TF_CLI_CONFIG_FILE: join(folder, '.terraformrc'),
      CHECKPOINT_DISABLE: '1',
    };
    const descriptor = this.stateAccess(folder);
    const child = runChild({ binary, args, folder, env, user: this.user, limits: this.limits, descriptor, signal });
    if (descriptor !== undefined) closeSync(descriptor);
    return child;
  }

  /** The credentials of the state: open for the child that is about to start, and in no folder any more. */
  private stateAccess(folder: string): number | undefined {
    const { state } = this.options;
    if (state?.kind !== 'kubernetes') return undefined;
    const file = '.planwarden-state-access';
    this.write(folder, file, state.kubeconfig());
    const descriptor = openSync(join(folder, file), 'r');
    rmSync(join(folder, file));
    return descriptor;
  }

  private newFolder(): string {
    mkdirSync(this.options.workFolder, { recursive: true, mode: 0o711 });
    const folder = mkdtempSync(join(this.options.workFolder, 'stack-'));
    chmodSync(folder, 0o700);
    this.give(folder);
    for (const name of ['.home', '.tmp']) this.ownFolder(folder, name);
    const { mirror } = this.options;
    // Providers come from the mirror alone: without one, nothing is fetched from anywhere.
    const from =
      mirror === undefined
        ? `filesystem_mirror {\n    path = "${join(folder, '.none')}"\n  }`
        : `filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }`;
    this.write(folder, '.terraformrc', `disable_checkpoint = true\nprovider_installation {\n  ${from}\n}\n`);
    return folder;
  }

  /** A folder that belongs to the user who runs Terraform. */
  private ownFolder(parent: string, name: string): string {
    const folder = join(parent, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.give(folder);
    return folder;
  }

  private write(folder: string, path: string, content: string | Buffer): void {
    const whole = join(folder, path);
    if (dirname(path) !== '.') throw failed(`${path} lies in a folder below the stack, which is not supported yet`);
    // Exclusive: nothing that is there already is followed or replaced.
    writeFileSync(whole, content, { mode: 0o600, flag: 'wx' });
    this.give(whole);
  }

  private give(path: string): void {
    if (this.user !== undefined) chownSync(path, this.user.uid, this.user.gid);
  }
}

const unavailable = (): PlanwardenError =>
  new PlanwardenError('PLAN_UNAVAILABLE', 'there is no terraform or tofu that can be run', {
    remedy: 'Install one and name it in planwarden.yaml.',
  });

const failed = (message: string): PlanwardenError =>
  new PlanwardenError('TERRAFORM_FAILED', message, {
    remedy: 'Read the log of the step; mend the change or the stack.',
  });

function lockDigest(folder: string): string {
  const file = join(folder, '.terraform.lock.hcl');
  return statSync(file, { throwIfNoEntry: false }) === undefined ? NO_LOCK_FILE : sha256(readFileSync(file));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failed('terraform did not answer in JSON');
  }
}

interface Diagnostic {
  readonly severity?: unknown;
  readonly summary?: unknown;
  readonly range?: {
    readonly filename?: unknown;
    readonly start?: { readonly line?: unknown; readonly column?: unknown };
  };
}

/** Only the summary and the place are told: what Terraform says in detail may hold values. */
function refusalOf({ summary, range }: Diagnostic, what: string): PlanwardenError {
  const file = typeof range?.filename === 'string' ? range.filename.slice(0, 200) : undefined;
  const [line, column] = [Number(range?.start?.line), Number(range?.start?.column)];
  const isPlaced = file !== undefined && Number.isInteger(line) && Number.isInteger(column);
  const words = redactText(String(summary ?? 'terraform refused it').slice(0, 200));
  return new PlanwardenError(
    what === 'validate' ? 'TERRAFORM_INVALID' : 'TERRAFORM_FAILED',
    isPlaced ? `${file}:${line}:${column}: ${words}` : `terraform ${what}: ${words}`,
    {
      ...(isPlaced ? { where: { file, line, column } } : {}),
      remedy: 'Mend the files, or what they need, and ask again.',
    },
  );
}

function validateRefusal(stdout: string): PlanwardenError | undefined {
  const { diagnostics } = jsonOf(stdout) as { diagnostics?: unknown };
  const first = Array.isArray(diagnostics)
    ? (diagnostics as Diagnostic[]).find(({ severity }) => severity === 'error')
    : undefined;
  return first === undefined ? undefined : refusalOf(first, 'validate');
}

/** The first error among the lines of JSON that Terraform wrote. */
function failureOf(command: string, stdout: string): PlanwardenError {
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { diagnostic } = jsonOf(line) as { diagnostic?: Diagnostic };
    if (diagnostic === undefined || diagnostic.severity !== 'error') continue;
    const summary = String(diagnostic.summary ?? '');
    if (summary.includes('Saved plan is stale')) {
      return new PlanwardenError('PLAN_STALE', 'the state changed after the plan was made', {
        remedy: 'The run plans again; votes on the old plan no longer count.',
      });
    }
    if (summary.includes('acquiring the state lock')) {
      return new PlanwardenError('STATE_LOCKED', 'somebody else holds the lock of this state', {
        remedy: 'It is tried again; if this lasts, find out who holds the lock.',
        failure: 'retryable',
      });
    }
    return refusalOf(diagnostic, command);
  }
  return failed(`terraform ${command} failed without saying why`);
}
