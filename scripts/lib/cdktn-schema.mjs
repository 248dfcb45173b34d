// Reads the schema of one Terraform type back out of the classes that cdktn generated from it.
// The files are generated too, so their shape is regular; whatever does not have that shape ends the run.

/** How the getter of a plain attribute tells its type. */
const GETTERS = {
  'this.getStringAttribute(': 'string',
  'this.getNumberAttribute(': 'number',
  'this.getBooleanAttribute(': 'bool',
  'this.getListAttribute(': 'list(string)',
  'this.getNumberListAttribute(': 'list(number)',
  'this.getStringMapAttribute(': 'map(string)',
  'this.getNumberMapAttribute(': 'map(number)',
  'this.getBooleanMapAttribute(': 'map(bool)',
};
const MEMBER = / {4}\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n/g;

/**
 * @param {string} js index.js of the type's folder
 * @param {string} types index.d.ts of the same folder
 * @returns {{ attributes: Record<string, object>, blocks: Record<string, object> }}
 */
export function schemaOf(js, types) {
  const classes = new Map();
  for (const part of js.split(/^(?=class \w+ extends cdktn\.)/m).slice(1)) {
    const [, name, base] = /^class (\w+) extends cdktn\.(\w+)/.exec(part);
    classes.set(name, { base, text: part });
  }
  const main = [...classes].filter(([, { base }]) => base === 'TerraformResource' || base === 'TerraformDataSource');
  if (main.length !== 1) throw new Error(`${main.length} classes of a type in one file`);
  const [[name, { text }]] = main;
  return structOf({ js, types, classes }, { text, hcl: text, config: `${name}Config` });
}

/** One class with the interface of what may be set in it. */
function structOf(source, { text, hcl, config }) {
  const { names, blockNames } = interfaceOf(source.types, config);
  const parts = [...text.matchAll(MEMBER)];
  const attributes = {};
  const blocks = {};
  for (const [index, part] of parts.entries()) {
    const [head, name, , optional, required] = part;
    const body = text.slice(part.index + head.length, parts[index + 1]?.index);
    const use = required === 'true' ? 'required' : optional === 'true' ? 'optional' : 'computed';
    if ((use !== 'computed') !== names.delete(name)) throw new Error(`${config}: ${name} is told in two ways`);
    const nested = /^ {4}_\w+ = new (\w+)(List|OutputReference)\(this, "(\w+)"(?:, (true|false))?\);/m.exec(body);
    if (nested !== null && nested[3] !== name) throw new Error(`${config}: ${name} and ${nested[3]} are mixed up`);
    if (nested === null) attributes[name] = { type: plainType(body, `${config}.${name}`), use };
    else if (use === 'computed') attributes[name] = { type: computedType(nested), use };
    else if (blockNames.has(name)) blocks[name] = blockOf(source, hcl, name, nested, use);
    else attributes[name] = objectsOf(source, hcl, name, nested, use);
  }
  if (names.size > 0) throw new Error(`${config}: ${[...names].join(', ')} not found in the class`);
  return { attributes: sorted(attributes), blocks: sorted(blocks) };
}

/** Of objects that are only read: the list's last argument says whether it stands for a set. */
function computedType([, , wrapper, , isSet]) {
  return wrapper === 'OutputReference' ? 'object' : isSet === 'true' ? 'set(object)' : 'list(object)';
}

function blockOf(source, hcl, name, [, struct, wrapper], use) {
  const kind = kindOf(hcl, name);
  const min = use === 'required' ? { min: 1 } : {};
  const max = wrapper === 'OutputReference' && kind !== 'single' ? { max: 1 } : {};
  return { kind, ...min, ...max, ...nestedOf(source, struct) };
}

/** An attribute that holds objects; Terraform also takes it written as blocks (security group rules are the known case). */
function objectsOf(source, hcl, name, [, struct], use) {
  const { attributes, blocks } = nestedOf(source, struct);
  if (Object.keys(blocks).length > 0) throw new Error(`${name}: an attribute with blocks inside`);
  const kind = kindOf(hcl, name);
  return { type: kind === 'single' ? 'object' : `${kind}(object)`, use, fields: attributes };
}

function nestedOf(source, struct) {
  const found = source.classes.get(`${struct}OutputReference`);
  const hclName = `function ${struct[0].toLowerCase()}${struct.slice(1)}ToHclTerraform(`;
  const begin = source.js.indexOf(hclName);
  if (found === undefined || begin < 0) throw new Error(`${struct}: no class or no function`);
  const hcl = source.js.slice(begin, source.js.indexOf('\n}', begin));
  return structOf(source, { text: found.text, hcl, config: struct });
}

function kindOf(hcl, name) {
  const found = new RegExp(
    `^ +${name}: \\{\\n +value: .*\\n +isBlock: true,\\n +type: "(list|set|struct)",$`,
    'm',
  ).exec(hcl);
  if (found === null) throw new Error(`${name}: neither list, set nor single`);
  return found[1] === 'struct' ? 'single' : found[1];
}

function plainType(body, where) {
  const map = /^ {4}_\w+ = new cdktn\.(String|Number|Boolean)Map\(/m.exec(body)?.[1];
  if (map !== undefined) return `map(${map === 'Boolean' ? 'bool' : map.toLowerCase()})`;
  const getter = /^ {4}get \w+\(\) \{\n +return (cdktn\.Fn\.tolist\()?(this\.\w+\()/m.exec(body);
  const type = GETTERS[getter?.[2]];
  if (type === undefined) throw new Error(`${where}: a type that is not known`);
  // A set can only be read as a list in their language; that wrapper is what tells it.
  return getter[1] === undefined ? type : type.replace(/^list/, 'set');
}

/** Names that may be set, and which of them the generator calls a block. */
function interfaceOf(types, name) {
  const begin = types.search(new RegExp(`^export interface ${name} `, 'm'));
  if (begin < 0) throw new Error(`${name}: no such interface`);
  const text = types.slice(begin, types.indexOf('\n}', begin));
  return {
    names: new Set([...text.matchAll(/\{@link \S+#(\w+) /g)].map(([, found]) => found)),
    blockNames: new Set([...text.matchAll(/^ {4}\* (\w+) block$/gm)].map(([, found]) => found)),
  };
}

export const sorted = (record) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
