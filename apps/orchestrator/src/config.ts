import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { PlanwardenError, sha256 } from '@planwarden/contracts';
import { type InstallationConfig, parseConfig } from './config.file.js';
import { firstConfig } from './config.first.js';

/** Where the installation keeps its data and what planwarden.yaml says. */
export interface LoadedConfig extends InstallationConfig {
  readonly dataFolder: string;
  /** What planwarden's other commands have to be given to find it; empty where they find it by themselves. */
  readonly dataOption: string;
  readonly configFile: string;
  /** Set on the first start only: the token of the first agent, shown once in the ready client configuration. */
  readonly newAgentToken: string | null;
  /** Binaries that PATH finds. */
  readonly binaries: Readonly<Partial<Record<'terraform' | 'tofu', string>>>;
}

/** Prefix of an agent token: lets secret scanners and people recognise one. */
export const AGENT_TOKEN_PREFIX = 'pwa_';

/**
 * Finds the data folder, writes planwarden.yaml on the first start and reads it. The only reader of the environment.
 * @param options `data`: the folder given with --data, else PLANWARDEN_DATA, else ~/.planwarden (as root
 *   /var/lib/planwarden: the database drops root and must be able to pass the folders above its own)
 * @throws PlanwardenError CONFIG_INVALID or NOT_SUPPORTED, with file and line
 */
export function loadConfig(
  options: {
    readonly data?: string | undefined;
    /** Where the operator keeps planwarden.yaml, if not in the data folder; it must be there. */
    readonly config?: string | undefined;
    readonly port?: number | undefined;
  },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LoadedConfig {
  const fallback = process.getuid?.() === 0 ? '/var/lib/planwarden' : join(homedir(), '.planwarden');
  const byItself = resolve(environment.PLANWARDEN_DATA ?? fallback);
  const dataFolder = options.data === undefined ? byItself : resolve(options.data);
  const dataOption = dataFolder === byItself ? '' : ` --data ${quoted(dataFolder)}`;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const configFile = options.config === undefined ? join(dataFolder, 'planwarden.yaml') : resolve(options.config);
  const isFirst = options.config === undefined && !existsSync(configFile);
  const newAgentToken = isFirst ? writeFirstConfig(dataFolder, configFile) : null;
  const config = parseConfig(readConfig(configFile), configFile);
  const listen = options.port === undefined ? config.listen : { ...config.listen, port: options.port };
  const binaries = Object.fromEntries(
    (['terraform', 'tofu'] as const).flatMap((name) => {
      const found = onPath(name, environment.PATH);
      return found === undefined ? [] : [[name, found]];
    }),
  );
  return { ...config, listen, dataFolder, dataOption, configFile, newAgentToken, binaries };
}

/** As a shell takes it. */
const quoted = (path: string): string => (/^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PlanwardenError('CONFIG_INVALID', `${file} cannot be read`, {
      where: { field: '--config' },
      remedy: 'Name the planwarden.yaml of this installation, readable by this user.',
      cause,
    });
  }
}

/** The file a shell would run for a name. */
function onPath(name: string, path: string | undefined): string | undefined {
  const folders = (path ?? '').split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function writeFirstConfig(dataFolder: string, configFile: string): string {
  const token = `${AGENT_TOKEN_PREFIX}${randomBytes(32).toString('base64url')}`;
  writeFileSync(join(dataFolder, 'agent-assistant.token'), `${token}\n`, { mode: 0o600 });
  writeFileSync(configFile, firstConfig(sha256(token)), { mode: 0o600, flag: 'wx' });
  return token;
}
