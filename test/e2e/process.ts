import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

const root = process.cwd();
export const MAIN = join(root, 'apps/orchestrator/dist/main.js');
export const CLI = join(root, 'apps/cli/bin/planwarden.mjs');
/** What that runs. */
export const BUILT_CLI = join(root, 'apps/cli/dist/main.js');

/** Builds what a child process runs, as far as it does not stand as the sources are. @throws Error with what the compiler says */
export function build(): void {
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`it cannot be built: ${stdout}`);
}

/** A child process whose words are kept. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  out(): string;
  err(): string;
  /** Lines on stderr that are no entries of the log. */
  plainErr(): string[];
  readonly exit: Promise<number | null>;
}

/** @param group true: a process group of its own, which a test may signal as a terminal does */
export function run(args: readonly string[], group = false): Running {
  const child = spawn(process.execPath, args, {
    cwd: root,
    detached: group,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Jest's own NODE_OPTIONS would make node warn on stderr.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PLANWARDEN_DATA: undefined },
  });
  const said = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  return {
    child,
    pid: child.pid ?? 0,
    out: () => said.out,
    err: () => said.err,
    plainErr: () => said.err.split('\n').filter((line) => line !== '' && !line.startsWith('{"level":')),
    // `close`: everything it said has been read.
    exit: once(child, 'close').then(([code]) => code as number | null),
  };
}

export const start = (data: string, port: number, group = false): Running =>
  run([MAIN, '--data', data, '--port', String(port)], group);

/** Waits for a condition; the test's own time limit ends it. */
export async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Resolves with all it printed once it is ready. @throws Error with its stderr when it ends instead */
export const ready = (running: Running): Promise<string> =>
  until(() => {
    if (running.child.exitCode !== null) throw new Error(`it ended: ${running.err()}`);
    return /Ctrl-C stops it all/.test(running.out()) && running.out();
  });

/** Every process below this one: [pid, command]. */
export function processesBelow(pid: number): [pid: number, command: string][] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, child = '', parent = '', state = '', command = ''] =
        /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      return state.startsWith('Z') ? [] : [{ pid: Number(child), parent: Number(parent), command }];
    });
  const below = (of: number): [number, string][] =>
    all
      .filter(({ parent }) => parent === of)
      .flatMap((one) => [[one.pid, one.command] as [number, string], ...below(one.pid)]);
  return below(pid);
}

/** Processes that were started for this data folder and are still there. */
export const processesOf = (data: string): string[] =>
  execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((command) => command.includes(data));

/** Whether the process is there and no zombie: who adopts orphans may be slow to bury them. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-p', String(pid), '-o', 'stat='], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

/** Whether somebody listens there. */
export const isTaken = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });

/** The first of three ports in a row that nobody listens on, below those that installations in other test files pick. */
export async function threeFreePorts(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 4_900);
    const taken = await Promise.all([port, port + 1, port + 2].map(isTaken));
    if (!taken.includes(true)) return port;
  }
}
