export { type BadParameter, badParameters, parametersRefused } from './bad-parameters.js';
export { fill, lookUp } from './fill.js';
export { readTemplate, type Template, type TemplateKind } from './template-folder.js';
export { checkParameters, overLimit, TemplateShelf } from './template-shelf.js';
