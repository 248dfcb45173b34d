// npm run attack -- approval [--guards=on|off|<id>]: every attack with every guard in place, then each guard without itself.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATTACKS } from './approval/index.js';
import { GUARDS, type GuardId } from './guards.js';
import { held, type Trial, tryAttacks } from './trial.js';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const option = (name: string): string | undefined =>
  process.argv.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3);
/** Installations at a time: of attacks, and of guards, each in a process of its own. */
const AT_A_TIME = Number(option('jobs') ?? 2);
const LONGEST_MS = 300_000;

function withoutGuard(guard: GuardId): Promise<Trial[]> {
  const flags = ['--conditions=source', '--no-warnings', '--import', here('./load/register.mjs')];
  const cuts = JSON.stringify(GUARDS[guard].cuts);
  const child = spawn(process.execPath, [...flags, here('./without-guard.ts'), `--guard=${guard}`, `--cuts=${cuts}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  const [said, wrong]: string[] = ['', ''];
  let output = said ?? '';
  let errors = wrong ?? '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString('utf8');
  });
  child.stderr.on('data', (part: Buffer) => {
    errors += part.toString('utf8');
  });
  return new Promise((resolve) => {
    child.once('close', () => {
      try {
        resolve(JSON.parse(output.trim().split('\n').at(-1) ?? '') as Trial[]);
      } catch {
        const failure = `the process ended without a result: ${errors.slice(-400)}`;
        resolve([{ id: '-', isRefused: false, isGained: false, released: 0, refusals: [], failure }]);
      }
    });
  });
}

async function inTurn<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** Puts tofu on the path of the installations that need it, fetched as `npm run test:peers` does. */
async function ensureTofu(): Promise<void> {
  const peers = (await import(new URL('../../scripts/peers/terraform.mjs', import.meta.url).href)) as {
    ensureOpenTofu(): string;
  };
  const bin = mkdtempSync(join(tmpdir(), 'planwarden-bin-'));
  process.once('exit', () => rmSync(bin, { recursive: true, force: true }));
  symlinkSync(peers.ensureOpenTofu(), join(bin, 'tofu'));
  process.env.PATH = `${bin}${delimiter}${process.env.PATH}`;
}

const only = option('only');
const attacks = ATTACKS.filter(({ id }) => only === undefined || only.split(',').includes(id));
const wanted = option('guards') ?? 'all';
if (attacks.some(({ needs }) => needs === 'tofu')) {
  // Without it those attacks fail, and say why: none is left out in silence.
  await ensureTofu().catch((error: unknown) => say(`no tofu: ${error instanceof Error ? error.message : 'unknown'}`));
}
let refused = 0;
let tried = 0;
if (wanted === 'all' || wanted === 'on') {
  say(`${attacks.length} attacks, every guard in place:`);
  const trials = await tryAttacks(attacks, AT_A_TIME, (attack, trial) => {
    const verdict = held(trial) ? 'refused' : 'FAILED ';
    const got = trial.failure ?? (trial.isRefused ? '' : `met ${trial.refusals.join(' ') || 'nothing'}`);
    say(`${verdict} ${attack.id.padEnd(34)} ${attack.refusal.padEnd(22)} ${trial.released} released ${got}`);
  });
  tried = trials.length;
  refused = trials.filter(held).length;
}
const guards = (Object.keys(GUARDS) as GuardId[]).filter(
  (id) => wanted === 'all' || wanted === 'off' || wanted.split(',').includes(id),
);
let shown = 0;
if (wanted !== 'on') {
  say(`${guards.length} guards, each cut out by itself:`);
  await inTurn(guards, AT_A_TIME, async (guard) => {
    const trials = await withoutGuard(guard);
    const through = trials.find(({ isGained }) => isGained);
    if (through) shown += 1;
    const why = trials.map(({ id, failure, refusals }) => `${id}: ${failure ?? refusals.join(' ')}`).join('; ');
    say(
      through
        ? `shown   ${guard.padEnd(20)} without it ${through.id} succeeds`
        : `FAILED  ${guard.padEnd(20)} without it nothing succeeds (${why})`,
    );
  });
}
const asked = wanted === 'on' ? 0 : guards.length;
const isGood = refused === tried && shown === asked;
process.stdout.write(`${tried} attacks, ${refused} refused, ${shown} of ${asked} guards shown\n`, () =>
  process.exit(isGood ? 0 : 1),
);
