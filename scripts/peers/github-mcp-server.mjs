// GitHub's own MCP server, built by Go at one version and kept in the user's cache folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const GITHUB_MCP_SERVER_VERSION = '1.0.0';

/**
 * Path of the github-mcp-server binary. Builds it when it is not there yet (about a minute); go.mod and go.sum
 * beside this file fix every module of it.
 * @throws Error in one line when Go is missing or the build fails
 */
export function ensureGitHubMcpServer() {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'planwarden', 'bin');
  const binary = join(folder, `github-mcp-server-${GITHUB_MCP_SERVER_VERSION}`);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`Building github-mcp-server ${GITHUB_MCP_SERVER_VERSION} (go build, about a minute) ...\n`);
  const unfinished = `${binary}.${process.pid}`;
  const result = spawnSync(
    'go',
    [
      'build',
      '-mod=readonly',
      '-trimpath',
      `-ldflags=-s -w -X main.version=v${GITHUB_MCP_SERVER_VERSION}`,
      '-o',
      unfinished,
      'github.com/github/github-mcp-server/cmd/github-mcp-server',
    ],
    {
      cwd: fileURLToPath(new URL('./github-mcp-server', import.meta.url)),
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' },
    },
  );
  if (result.error)
    throw new Error(`github-mcp-server cannot be built: go could not be started (${result.error.code}). Install Go.`);
  if (result.status !== 0) throw new Error(`github-mcp-server cannot be built: go build ended with ${result.status}.`);
  renameSync(unfinished, binary);
  return binary;
}
