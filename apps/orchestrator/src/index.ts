export { changePipeline as changePipelineOf } from './change/change.pipeline.js';
export { outputsOf as runOutputs } from './change/confirm-ports.js';
export { type InstallationConfig, parseConfig } from './config.file.js';
export { AGENT_TOKEN_PREFIX, type LoadedConfig, loadConfig } from './config.js';
export { type Embedded, type EmbeddedOptions, startEmbedded } from './embedded/start-embedded.js';
export type { OutsideWorld } from './outside-world.js';
