#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('NOT_BUILT: this clone is not built yet. Run npm start (or npm run build) first.\n');
  process.exit(1);
}
await import(main.href);
