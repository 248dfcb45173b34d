export { loadPersonas, parsePersona } from './persona-file.js';
export { type ScopeRequest, scopeFor } from './scope.js';
