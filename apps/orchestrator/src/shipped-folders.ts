import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folders of the clone that the product reads. This file lies as deep in src/ as in dist/. */
const root = new URL('../../../', import.meta.url);

/** The clone itself. */
export const ROOT_FOLDER = fileURLToPath(root);
export const PERSONAS_FOLDER = fileURLToPath(new URL('personas/', root));
export const TEMPLATES_FOLDER = fileURLToPath(new URL('manifest-templates/', root));
export const TERRAFORM_TEMPLATES_FOLDER = fileURLToPath(new URL('terraform-templates/', root));
/** The workflow files that plan and apply in GitHub Actions. */
export const WORKFLOWS_FOLDER = fileURLToPath(new URL('deploy/github/', root));
/** Folder of the built pages; null until they are built: REST and MCP work without them. */
export function webFolder(): string | null {
  const folder = fileURLToPath(new URL('apps/web/dist/', root));
  return existsSync(`${folder}index.html`) ? folder : null;
}
