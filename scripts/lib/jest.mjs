// Runs Jest, prints which test files ran, and a plain closing line that no skipped test can hide in.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from './ensure.mjs';

/** Most of what a test file makes is short-lived modules: a wider young generation collects them in fewer passes. */
const FLAGS = ['--experimental-vm-modules', '--no-warnings', '--max-semi-space-size=64'];

/**
 * @param {{ suite: 'npm' | 'peers', args: string[] }} options what to run; args go to Jest (a pattern, for instance)
 * @returns {{ passed: number, failed: number }} counts of single tests; a file that could not run counts as one failed
 */
export function runJest({ suite, args }) {
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-jest-'));
  const report = join(folder, 'report.json');
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const result = spawnSync(process.execPath, [...FLAGS, jest, '--json', `--outputFile=${report}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PLANWARDEN_TESTS: suite },
  });
  let summary;
  try {
    summary = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    process.stderr.write('Jest ended without a report.\n');
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const file of summary.testResults) {
    const ran = file.assertionResults.length;
    process.stdout.write(`${file.status === 'passed' ? 'ok    ' : 'FAILED'} ${relative(root, file.name)} (${ran})\n`);
  }
  const skipped = summary.numPendingTests + summary.numTodoTests;
  if (skipped > 0) process.stdout.write(`${skipped} skipped or to-do: a skipped test counts as failed\n`);
  const failed = summary.numFailedTests + summary.numRuntimeErrorTestSuites + skipped;
  const passed = summary.numPassedTests;
  if (passed === 0 && failed === 0) {
    process.stdout.write('no test matched\n');
    return { passed: 0, failed: 1 };
  }
  return { passed, failed: failed === 0 && result.status !== 0 ? 1 : failed };
}

/** Prints the closing line and sets the exit code. */
export function close({ passed, failed }) {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
