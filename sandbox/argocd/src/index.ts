export { type GitHubGitOptions, gitFromGitHub } from './git-from-github.js';
export type { GitFile, GitPort } from './git-port.js';
export { type SandboxArgoCd, type SandboxArgoCdOptions, startSandboxArgoCd } from './sandbox-argocd.js';
