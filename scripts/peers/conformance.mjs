// The conformance suite of the Model Context Protocol, with the Node it needs, kept in the user's cache folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const CONFORMANCE_VERSION = '0.2.0-alpha.12';
/** The suite asks for what Node 22 brought; our own floor is Node 20. */
const NODE_VERSION = '22.23.3';

/**
 * The suite and the Node that runs it; installed with npm where they are missing (half a minute).
 * @returns {{ node: string, cli: string }} paths of both
 * @throws Error in one line when npm cannot install them
 */
export function ensureConformance() {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'planwarden');
  const folder = join(cache, `conformance-${CONFORMANCE_VERSION}-node-${NODE_VERSION}`);
  const at = (root) => ({
    node: join(root, 'node_modules', 'node', 'bin', 'node'),
    cli: join(root, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js'),
  });
  if (existsSync(folder)) return at(folder);
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'conformance-'));
  writeFileSync(join(fresh, 'package.json'), '{ "private": true }\n');
  process.stderr.write(`Installing the MCP conformance suite ${CONFORMANCE_VERSION} (npm) ...\n`);
  const packages = [`@modelcontextprotocol/conformance@${CONFORMANCE_VERSION}`, `node@${NODE_VERSION}`];
  const result = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], {
    cwd: fresh,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0 || !existsSync(at(fresh).node)) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error(`The MCP conformance suite cannot be installed: npm install ended with ${result.status}.`);
  }
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another run was first.
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return at(folder);
}
