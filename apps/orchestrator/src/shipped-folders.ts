import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folders of the clone that the product reads. This file lies as deep in src/ as in dist/. */
const root = new URL('../../../', import.meta.url);

export const PERSONAS_FOLDER = fileURLToPath(new URL('personas/', root));
export const TEMPLATES_FOLDER = fileURLToPath(new URL('manifest-templates/', root));
const web = fileURLToPath(new URL('apps/web/dist/', root));
/** Null until the pages are built: REST and MCP work without them. */
export const WEB_FOLDER: string | null = existsSync(`${web}index.html`) ? web : null;
