import { formatText } from './hcl-programs.js';
import { parseHcl } from './parse-hcl.js';

/**
 * The file as `terraform fmt` writes it, byte for byte.
 * @throws PlanwardenError TERRAFORM_INVALID: a broken file would come back half formatted
 */
export async function formatHcl(path: string, text: string): Promise<string> {
  await parseHcl(path, text);
  return formatText(text);
}
