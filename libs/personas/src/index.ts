export { loadPersonas, parsePersona } from './persona-file.js';
