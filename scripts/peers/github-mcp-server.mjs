// GitHub's own MCP server, built by Go at one version.
import { goBuild } from './go-build.mjs';

export const GITHUB_MCP_SERVER_VERSION = '1.0.0';

/**
 * Path of the github-mcp-server binary; built when it is not there yet.
 * @throws Error in one line when Go is missing or the build fails
 */
export function ensureGitHubMcpServer() {
  return goBuild({
    name: 'github-mcp-server',
    version: GITHUB_MCP_SERVER_VERSION,
    target: 'github.com/github/github-mcp-server/cmd/github-mcp-server',
    ldflags: `-X main.version=v${GITHUB_MCP_SERVER_VERSION}`,
    takes: 'about a minute',
  });
}
