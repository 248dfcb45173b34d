import { parseArgs } from 'node:util';
import { isPlanwardenError, PlanwardenError } from '@planwarden/contracts';
import { loadConfig } from './config.js';
import { createLog } from './log.js';
import { ROLES, type Role, type RoleOptions, STOP_MS, type StartedRole } from './roles/role.js';

interface Arguments {
  readonly role: Role;
  readonly data: string | undefined;
  readonly config: string | undefined;
  readonly port: number | undefined;
  readonly healthPort: number | undefined;
  readonly logLevel: string;
}

/** Loaded when it is known that there is something to start: a mistake is told before most of the program is read. */
const STARTS: Readonly<Record<Role, (options: RoleOptions) => Promise<StartedRole>>> = {
  all: async (options) => (await import('./roles/start-all.js')).startAll(options),
  orchestrator: async (options) => (await import('./roles/start-orchestrator.js')).startOrchestrator(options),
  worker: async (options) => (await import('./roles/start-worker.js')).startWorkerRole(options),
  sandbox: async (options) => (await import('./roles/start-sandbox-role.js')).startSandboxRole(options),
};

const OPTIONS = {
  role: { type: 'string' },
  data: { type: 'string' },
  config: { type: 'string' },
  port: { type: 'string' },
  'health-port': { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean' },
} as const;

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'];
const USAGE = [
  'npm start -- [--data <folder>] [--config <file>] [--port <1..65532>]',
  `[--log-level ${LOG_LEVELS.join('|')}] [--role ${ROLES.join('|')}] [--health-port <1..65535>]`,
].join(' ');

/** Undefined: only what could be asked for was asked. */
function argumentsOf(): Arguments | undefined {
  const { values } = read();
  if (values.help === true) return undefined;
  const role = ROLES.find((name) => name === (values.role ?? 'all'));
  if (role === undefined) throw unreadable(`--role takes ${ROLES.join(', ')}`);
  const logLevel = values['log-level'] ?? 'info';
  if (!LOG_LEVELS.includes(logLevel)) throw unreadable(`--log-level takes ${LOG_LEVELS.join(', ')}`);
  return {
    role,
    data: values.data,
    config: values.config,
    port: portOf('port', values.port, 65_532),
    healthPort: portOf('health-port', values['health-port'], 65_535),
    logLevel,
  };
}

function read() {
  try {
    return parseArgs({ options: OPTIONS });
  } catch (cause) {
    throw unreadable('an option is unknown or has no value', cause);
  }
}

const unreadable = (why: string, cause?: unknown): PlanwardenError =>
  new PlanwardenError('CONFIG_INVALID', `the command line cannot be read: ${why}`, { remedy: `Use: ${USAGE}`, cause });

function portOf(name: string, text: string | undefined, last: number): number | undefined {
  const port = text === undefined ? undefined : Number(text);
  if (port === undefined || (Number.isInteger(port) && port >= 1 && port <= last)) return port;
  throw unreadable(`--${name} takes a number from 1 to ${last}`);
}

/** One clear line for what an operator can mend; no stack trace reaches them. */
function fail(error: unknown): never {
  const line = isPlanwardenError(error)
    ? `${error.code}: ${placed(error)}${error.message}. ${error.remedy}`
    : `INTERNAL: ${error instanceof Error ? error.message : 'unknown'}. Start with --log-level debug and report this.`;
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

function placed({ where, message }: PlanwardenError): string {
  // Some messages begin with their place already.
  return where?.file === undefined || message.startsWith(where.file)
    ? ''
    : `${where.file}${where.line === undefined ? '' : `:${where.line}`}: `;
}

async function main(): Promise<void> {
  const given = argumentsOf();
  if (given === undefined) {
    process.stdout.write(`Usage: ${USAGE}\n`);
    return;
  }
  const { role, data, config: file, port, healthPort, logLevel } = given;
  const config = loadConfig({ data, port, config: file });
  const log = createLog(logLevel);
  let starting: Promise<StartedRole> | undefined;
  let isStopping = false;
  const stop = async (code: number): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    // Whatever hangs must not keep the process: the operator asked it to end.
    setTimeout(() => process.exit(code === 0 ? 1 : code), STOP_MS[role]).unref();
    // A start that is under way is let finish: what it has begun by then could not be ended otherwise.
    await starting?.then(
      (started) => started.close(),
      () => undefined,
    );
    process.exit(code);
  };
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  // The terminal was closed: left to itself, it would end at once and leave its database and servers behind.
  process.on('SIGHUP', () => void stop(0));
  // What nobody caught leaves the process in a state nobody knows: it ends, and a start finds every run in the journal.
  const onUncaught = (error: unknown): void => {
    if (isStopping) return;
    log.error({ error }, 'an error that nobody caught');
    process.stderr.write(
      'INTERNAL: an error that nobody caught; the log tells it. Start again; nothing recorded is lost.\n',
    );
    void stop(1);
  };
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onUncaught);
  starting = STARTS[role]({
    config,
    log,
    sinceStart: () => performance.now() - began,
    onGone: (line) => {
      if (isStopping) return;
      process.stderr.write(`${line}\n`);
      void stop(1);
    },
    ...(healthPort === undefined ? {} : { healthPort }),
  });
  const started = await starting.catch((error: unknown) => {
    // What fails because of the end is not told beside the reason for the end.
    if (!isStopping) throw error;
  });
  if (started === undefined || isStopping) return;
  process.stdout.write(started.words);
}

const began = performance.now();
main().catch(fail);
