// @rjsf/core's test helper imports the validator that compiles schemas to code. It is never called here; this stands in
// its place, so that the validator is neither installed nor shipped.
const noValidator = {};

// biome-ignore lint/style/noDefaultExport: the import it answers asks for the default
export { noValidator as default };
