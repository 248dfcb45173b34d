import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** What a child process may use. */
export interface ChildLimits {
  readonly seconds: number;
  /** Bytes of one file it writes. */
  readonly fileBytes: number;
  /** Bytes of output that are kept; more ends it. */
  readonly outputBytes: number;
}

export const DEFAULT_LIMITS: ChildLimits = {
  seconds: 300,
  fileBytes: 256 * 1024 * 1024,
  outputBytes: 32 * 1024 * 1024,
};

export interface ChildOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** All it gets as environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Another user, where we are root. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly limits: ChildLimits;
  /** A file that is open as descriptor 4: credentials that stand neither in a path nor in the environment. */
  readonly descriptor?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface ChildResult {
  readonly code: number | null;
  readonly stdout: string;
  /** Why it was ended by us. */
  readonly ended: 'time' | 'output' | 'canceled' | null;
}

/** How long a child may take to end by itself once it is asked to: Terraform writes the state and gives back its lock. */
const GRACE_MS = 10_000;

/** Runs one command to its end, in a process group of its own, with limits of time, file size and output. */
export function runChild(options: ChildOptions): Promise<ChildResult> {
  const { limits, user } = options;
  // Between two commands: a worker that has lost its lease would else begin an apply.
  if (options.signal?.aborted) return Promise.resolve({ code: null, stdout: '', ended: 'canceled' });
  const blocks = Math.ceil(limits.fileBytes / 512);
  // The shell sets the limits and becomes the command; arguments never pass through its grammar.
  const script = `ulimit -f ${blocks} && ulimit -c 0 && exec "$0" "$@"`;
  // Another user may not reach the folder the binary lies in; an open file needs no way to it. Only Linux can.
  const open = user !== undefined && process.platform === 'linux' ? openSync(options.binary, 'r') : undefined;
  const command = open === undefined ? options.binary : '/proc/self/fd/3';
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', script, command, ...options.args], {
      cwd: options.folder,
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore', open ?? 'ignore', options.descriptor ?? 'ignore'],
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    if (open !== undefined) closeSync(open);
    const parts: Buffer[] = [];
    let bytes = 0;
    let ended: ChildResult['ended'] = null;
    let last: NodeJS.Timeout | undefined;
    const kill = (signal: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // Already gone.
      }
    };
    const end = (why: ChildResult['ended']): void => {
      if (ended !== null) return;
      ended = why;
      kill('SIGINT');
      last = setTimeout(() => kill('SIGKILL'), GRACE_MS);
    };
    const timer = setTimeout(() => end('time'), limits.seconds * 1000);
    const cancel = (): void => end('canceled');
    options.signal?.addEventListener('abort', cancel, { once: true });
    child.stdout?.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > limits.outputBytes) end('output');
      else parts.push(part);
    });
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      clearTimeout(last);
      options.signal?.removeEventListener('abort', cancel);
      kill('SIGKILL');
      act();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('close', (code) =>
      settle(() => resolve({ code, stdout: Buffer.concat(parts).toString('utf8'), ended })),
    );
  });
}
