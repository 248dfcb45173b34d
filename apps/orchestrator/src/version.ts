import { readFileSync } from 'node:fs';

/** Version of this package: what MCP clients and subjects are told. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
