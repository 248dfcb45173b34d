/**
 * A value as HCL writes it. A string can never become anything else: quotes, line ends and the two signs that begin an
 * expression are escaped.
 * @throws Error for what has no such form: a fault of the template
 */
export function hclLiteral(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).replaceAll(/([$%])\{/g, '$1$1{');
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(hclLiteral).join(', ')}]`;
  if (typeof value === 'object') {
    const pairs = Object.entries(value).map(([key, inner]) => `${hclLiteral(key)} = ${hclLiteral(inner)}`);
    return `{ ${pairs.join(', ')} }`;
  }
  throw new Error('the value has no form in HCL');
}
