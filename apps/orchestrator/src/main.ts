import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isPlanwardenError, PlanwardenError } from '@planwarden/contracts';
import { banner } from './banner.js';
import { loadConfig } from './config.js';
import { type Embedded, startEmbedded } from './embedded/start-embedded.js';
import { createLog } from './log.js';

interface Arguments {
  readonly data: string | undefined;
  readonly port: number | undefined;
  readonly logLevel: string;
}

function argumentsOf(): Arguments {
  try {
    const { values } = parseArgs({
      options: { data: { type: 'string' }, port: { type: 'string' }, 'log-level': { type: 'string' } },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_533)) throw new Error('port');
    return { data: values.data, port, logLevel: values['log-level'] ?? 'info' };
  } catch (cause) {
    throw new PlanwardenError('CONFIG_INVALID', 'the command line cannot be read', {
      remedy: 'Use: npm start -- [--data <folder>] [--port <1..65533>] [--log-level debug|info|warn|error]',
      cause,
    });
  }
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
  const started = performance.now();
  const { data, port, logLevel } = argumentsOf();
  const config = loadConfig({ data, port });
  const log = createLog(logLevel);
  let starting: Promise<Embedded> | undefined;
  let isStopping = false;
  const stop = async (code: number): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    // Whatever hangs must not keep the process: the operator asked it to end.
    setTimeout(() => process.exit(code === 0 ? 1 : code), 10_000).unref();
    // A start that is under way is let finish: what it has begun by then could not be ended otherwise.
    await starting?.then(
      (embedded) => embedded.close(),
      () => undefined,
    );
    rmSync(join(config.dataFolder, 'address.json'), { force: true });
    process.exit(code);
  };
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
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
  starting = startEmbedded({
    config,
    log,
    onDatabaseGone: () => {
      if (isStopping) return;
      process.stderr.write(
        'DATABASE_UNAVAILABLE: the embedded database ended by itself. Start again; nothing recorded is lost.\n',
      );
      void stop(1);
    },
  });
  const embedded = await starting.catch((error: unknown) => {
    // What fails because of the end is not told beside the reason for the end.
    if (!isStopping) throw error;
  });
  if (embedded === undefined || isStopping) return;
  const { http, app, github, kubernetes } = embedded;
  const address = { url: http.url, pid: process.pid, sandbox: { github: github.url, kubernetes: kubernetes.url } };
  writeFileSync(join(config.dataFolder, 'address.json'), `${JSON.stringify(address)}\n`, { mode: 0o600 });
  const person = config.people[0]?.id ?? '';
  const link = `${http.url}/sign-in#${await app.sessions.createLink(person)}`;
  process.stdout.write(
    banner({
      config,
      url: http.url,
      githubUrl: github.url,
      link,
      person,
      readyMs: Math.round(performance.now() - started),
    }),
  );
  log.info({ url: http.url }, 'ready');
}

main().catch(fail);
