export { type InstallationConfig, parseConfig } from './config.file.js';
export { AGENT_TOKEN_PREFIX, type LoadedConfig, loadConfig } from './config.js';
