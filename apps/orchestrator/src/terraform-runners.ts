import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import { PlanVault, type ProviderSettings, StackRunner, type StateSettings } from '@planwarden/terraform';
import type pg from 'pg';
import { isOperated } from './change/terraform/allowed-providers.js';
import type { TerraformServices } from './change/terraform/terraform.services.js';
import type { LoadedConfig } from './config.js';

export interface TerraformOptions {
  /** Paths of the binaries that were found. */
  readonly binaries: Readonly<Partial<Record<TerraformTarget['terraform']['binary'], string>>>;
  /** A folder of the installation; states and work lie below it. */
  readonly folder: string;
  /** A mirror of provider packages; without it no provider can be installed. */
  readonly mirror?: string;
  /** 32 bytes: seals plan files. */
  readonly planKey: Buffer;
}

/** Where an installation keeps what Terraform works with. */
export const terraformFolders = (dataFolder: string) => {
  const folder = join(dataFolder, 'terraform');
  return { folder, states: join(folder, 'states') };
};

/**
 * How the processes of an installation run Terraform. States lie in the data folder, so processes that work on one
 * installation share it; work folders are made anew for every command.
 */
export function terraformOptions(config: LoadedConfig, planKey: Buffer): TerraformOptions {
  const { mirror } = config.terraform;
  const { folder } = terraformFolders(config.dataFolder);
  return { binaries: config.binaries, folder, planKey, ...(mirror === undefined ? {} : { mirror }) };
}

/** One runner a binary; what is not there is told when it is needed. */
export function terraformServices(
  pool: pg.Pool,
  options: TerraformOptions,
  { releaseBotId, sealing }: Pick<TerraformServices, 'releaseBotId' | 'sealing'>,
): TerraformServices {
  // Another user runs Terraform: it must be able to pass through, and not to look around.
  const folder = (name: string): string => {
    const made = join(options.folder, name);
    mkdirSync(made, { recursive: true, mode: 0o711 });
    return made;
  };
  const runners = new Map<string, StackRunner>();
  const versions = new Map<string, Promise<string>>();
  const runner = ({ terraform }: TerraformTarget): StackRunner => {
    const { binary } = terraform;
    const key = JSON.stringify(terraform);
    const path = options.binaries[binary];
    if (path === undefined) throw unavailable(binary);
    const known = runners.get(key);
    if (known) return known;
    const made = new StackRunner({
      binary: path,
      workFolder: folder('work'),
      stateFolder: folder('states'),
      state: stateOf(terraform),
      providers: providersOf(terraform),
      ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
    });
    runners.set(key, made);
    return made;
  };
  return {
    has: ({ terraform: { binary } }) => options.binaries[binary] !== undefined,
    runner,
    version: async (target) => {
      const { binary } = target.terraform;
      const asked = versions.get(binary) ?? runner(target).version();
      versions.set(binary, asked);
      return asked;
    },
    vault: new PlanVault(pool, options.planKey),
    sealing,
    releaseBotId,
  };
}

type Settings = TerraformTarget['terraform'];

/** Read at each command: an operator's change counts at once. */
const content = (file: string) => (): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PlanwardenError('CONFIG_INVALID', 'a file of credentials that planwarden.yaml names cannot be read', {
      where: { field: 'terraform' },
      remedy: 'Mend its path or its mode; the log names it.',
      cause,
    });
  }
};

function stateOf({ state }: Settings): StateSettings {
  if (state.kind === 'local') return state;
  const { kind, namespace, secretSuffix, kubeconfigFile } = state;
  return { kind, namespace, secretSuffix, kubeconfig: content(kubeconfigFile) };
}

const providersOf = ({ providers }: Settings): ProviderSettings[] =>
  providers.filter(isOperated).map(({ source, settings, credentials }) => ({
    source,
    settings,
    credentials: Object.fromEntries(Object.entries(credentials).map(([name, file]) => [name, content(file)])),
  }));

const unavailable = (binary: string): PlanwardenError =>
  new PlanwardenError('PLAN_UNAVAILABLE', `there is no ${binary} on this machine, so there is no plan`, {
    where: { field: 'terraform.binary' },
    remedy: `Install ${binary} where PATH finds it, and start again.`,
  });
