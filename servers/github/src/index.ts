export type { GitHubApiOptions } from './github-api.js';
export { createGitHubMcpServer } from './github-mcp-server.js';
export { type HttpServerOptions, startHttpServer } from './http-server.js';
export { inProcessTransport } from './in-process.js';
