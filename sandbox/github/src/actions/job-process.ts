import { spawn } from 'node:child_process';
import { accessSync, chownSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** `nobody`: a job runs code of a repository, so it gets no rights of ours where we have some to give away. */
const OTHER_USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
const LOG_LIMIT = 4 * 1024 * 1024;

/** Makes a path the job's own. */
export function giveToJob(path: string): void {
  if (OTHER_USER !== undefined) chownSync(path, OTHER_USER.uid, OTHER_USER.gid);
}

/** A folder of the job. */
export function jobFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  giveToJob(path);
  return path;
}

/** A program where a job can reach it: itself, or a copy in `folder`. */
export function reachable(program: string, folder: string): string {
  if (OTHER_USER === undefined || isOpen(program)) return program;
  const { size, mtimeMs } = statSync(program);
  const copy = join(folder, `${size}-${Math.floor(mtimeMs)}`, basename(program));
  if (existsSync(copy)) return copy;
  mkdirSync(dirname(copy), { recursive: true, mode: 0o755 });
  copyFileSync(program, copy, constants.COPYFILE_FICLONE);
  return copy;
}

/** Whether everybody may pass through to a file and run it. */
function isOpen(program: string): boolean {
  const mode = (path: string): number => statSync(path).mode;
  if ((mode(program) & 0o5) !== 0o5) return false;
  for (let at = dirname(program); at !== dirname(at); at = dirname(at)) if ((mode(at) & 0o1) === 0) return false;
  return true;
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The log of a job: each line with its time, secrets masked. */
export class JobLog {
  private readonly lines: string[] = [];
  private readonly masks = new Set<string>();
  private size = 0;

  constructor(
    private readonly now: () => Date,
    secrets: readonly string[],
  ) {
    for (const secret of secrets) this.mask(secret);
  }

  /** Hides a value from here on, and each of its lines, as the runner does. */
  mask(value: string): void {
    for (const part of [value, ...value.split(/\r?\n/)]) if (part.trim().length > 2) this.masks.add(part);
  }

  add(line: string): void {
    if (this.size > LOG_LIMIT) return;
    let shown = line;
    for (const secret of [...this.masks].sort((a, b) => b.length - a.length)) shown = shown.replaceAll(secret, '***');
    this.size += shown.length;
    this.lines.push(`${this.now().toISOString().replace('Z', '0000Z')} ${shown}`);
  }

  get text(): string {
    return this.lines.map((line) => `${line}\n`).join('');
  }
}

export interface ScriptRequest {
  readonly script: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: JobLog;
  readonly signal: AbortSignal;
}

/** Runs one script with bash as GitHub's runner does (`-eo pipefail`). Answers its exit code; null when it was ended. */
export function runScript({ script, folder, env, log, signal }: ScriptRequest): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...OTHER_USER,
    });
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Already gone.
      }
    };
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    for (const stream of [child.stdout, child.stderr]) byLine(stream, (line) => said(log, line));
    child.once('error', (error) => {
      log.add(`##[error]bash cannot be started (${'code' in error ? String(error.code) : 'unknown'})`);
      resolve(null);
    });
    child.once('close', (code) => {
      signal.removeEventListener('abort', kill);
      kill();
      resolve(code);
    });
  });
}

/** Workflow commands that a job may print; the others are shown as they are. */
function said(log: JobLog, line: string): void {
  const masked = /^::add-mask::(.*)$/.exec(line);
  const told = /^::(error|warning|notice|debug)(?: [^:]*)?::(.*)$/.exec(line);
  if (masked) log.mask(masked[1] ?? '');
  else log.add(told ? `##[${told[1]}]${told[2]}` : line);
}

function byLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    const lines = (rest + part).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}

/** What a step wrote into its command file: `name=value` and `name<<MARK` blocks. */
export function readCommandFile(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  const found: Record<string, string> = {};
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const block = /^([^=<]+)<<(.+)$/.exec(line);
    const pair = /^([^=]+)=(.*)$/.exec(line);
    if (block) {
      const end = lines.indexOf(block[2] ?? '', at + 1);
      if (end < 0) throw new Error(`Matching delimiter not found '${block[2]}'`);
      found[block[1] ?? ''] = lines.slice(at + 1, end).join('\n');
      at = end;
    } else if (pair) found[pair[1] ?? ''] = pair[2] ?? '';
    else if (line.trim() !== '') throw new Error('Invalid format of a command file');
  }
  return found;
}
