import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tried } from './attack.js';
import { type Cut, cut } from './cut.js';

const SHIPPED = fileURLToPath(new URL('../../libs/guardrails/bundle', import.meta.url));
const sha256 = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** What a later release says no to. */
export type Denied = 'plan' | 'source';

/**
 * A later release whose policy denies every plan, or every file: its bundle asks the rules of another phase, which find the input
 * incomplete. A release trusts its own bundle by the digest it was built with, so both places change.
 */
function releaseThatDenies(folder: string, denied: Denied): Cut[] {
  cpSync(SHIPPED, folder, { recursive: true });
  const before = readFileSync(join(SHIPPED, 'manifest.json'), 'utf8');
  const manifest = JSON.parse(before) as { entrypoints: Record<string, string> };
  manifest.entrypoints[denied] = manifest.entrypoints.intake ?? '';
  const after = JSON.stringify(manifest);
  writeFileSync(join(folder, 'manifest.json'), after);
  return [
    cut('libs/guardrails/src/generated/bundle-digest.ts', sha256(before), sha256(after)),
    cut(
      'libs/guardrails/src/bundle.ts',
      `fileURLToPath(new URL('../bundle', import.meta.url))`,
      JSON.stringify(folder),
    ),
  ];
}

/**
 * Starts the installation in a folder again as that release, in a process of its own; there the last vote comes.
 * Guards that are cut out here are cut out there.
 * @returns what came of the run
 */
export async function voteUnderOtherPolicy(installation: string, run: string, denied: Denied): Promise<Tried> {
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-policy-'));
  const here = process.argv.find((one) => one.startsWith('--cuts='))?.slice('--cuts='.length);
  const cuts = [...((here === undefined ? [] : JSON.parse(here)) as Cut[]), ...releaseThatDenies(folder, denied)];
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const flags = ['--conditions=source', '--no-warnings', '--import', file('./load/register.mjs')];
  const given = [`--folder=${installation}`, `--run=${run}`, `--cuts=${JSON.stringify(cuts)}`];
  const child = spawn(
    process.execPath,
    [...flags, file('./after-restart.ts'), ...given, here === undefined ? '' : '--off'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    return JSON.parse(Buffer.concat(parts).toString('utf8').trim().split('\n').at(-1) ?? '') as Tried;
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
