// node --conditions=source --import ./test/attacks/load/register.mjs <file.ts> [--cuts=<json>]
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

const given = process.argv.find((one) => one.startsWith('--cuts='))?.slice('--cuts='.length);
const root = fileURLToPath(new URL('../../../', import.meta.url));
register('./hooks.mjs', import.meta.url, { data: { root, cuts: given === undefined ? [] : JSON.parse(given) } });
