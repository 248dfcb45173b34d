export { githubCheck } from './commands/github-check.command.js';
export { graphRebuild } from './commands/graph-rebuild.command.js';
export { mcp } from './commands/mcp.command.js';
export { runsRebuild } from './commands/runs-rebuild.command.js';
export { signIn } from './commands/sign-in.command.js';
export { dataFolder } from './config.js';
