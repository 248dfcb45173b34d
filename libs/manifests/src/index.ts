export { agentFiles } from './agent-files.js';
export { gitBlobSha } from './git-blob.js';
export { assertPlainManifests } from './manifest-path.js';
export { objectKey, parseManifests } from './parse-manifests.js';
export { type LiveReader, type PlanInput, planDigest, planManifests } from './plan-manifests.js';
export { planToText } from './plan-text.js';
export { namespaceAllowed } from './target-place.js';
export { TemplateCatalog } from './template-catalog.js';
