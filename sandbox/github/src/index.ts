export type { Released, SandboxControl } from './control.js';
export { type SandboxGitHub, type SandboxGitHubOptions, startSandboxGitHub } from './sandbox-github.js';
export {
  type DefaultSeedOptions,
  defaultSeed,
  type Level,
  type Permission,
  type SandboxSeed,
  type SeedApp,
  type SeedEnvironment,
  type SeedProtection,
  type SeedRepository,
  type SeedRuleset,
  type SeedUser,
} from './seed.js';
export type { SandboxDelivery, SandboxWebhook } from './webhook-sender.js';
