const WHOLE = /^\$\{([A-Za-z0-9_.]+)\}$/;
const PART = /\$\{([A-Za-z0-9_.]+)\}/g;

/**
 * Fills `${name}` in a tree of data. A text that is nothing else becomes the value with its type; inside a longer text
 * the value is written out. Filling works on parsed data, so a value can never become structure.
 * @throws Error when a name has no value: a fault of the template
 */
export function fill(tree: unknown, values: Readonly<Record<string, unknown>>): unknown {
  if (typeof tree === 'string') {
    const whole = WHOLE.exec(tree)?.[1];
    if (whole !== undefined) return lookUp(whole, values);
    return tree.replaceAll(PART, (_, name: string) => String(lookUp(name, values)));
  }
  if (Array.isArray(tree)) return tree.map((item) => fill(item, values));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, fill(value, values)]));
}

/** The value at a dotted path. @throws Error when there is none: a fault of the template */
export function lookUp(name: string, values: Readonly<Record<string, unknown>>): unknown {
  let value: unknown = values;
  for (const part of name.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  if (value === undefined) throw new Error(`the template names ${name}, which has no value`);
  return value;
}
