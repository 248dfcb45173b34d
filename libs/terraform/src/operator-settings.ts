import { hclLiteral } from './hcl-literal.js';
import { parseHcl } from './parse-hcl.js';
import { declaredSources } from './source-safety.js';
import type { StackFile } from './stack-runner.js';

/** Where a stack keeps its state. */
export type StateSettings =
  | { readonly kind: 'local' }
  | {
      /** A Secret of a cluster; its lock is a Lease beside it. */
      readonly kind: 'kubernetes';
      readonly namespace: string;
      /** The Secret is called `tfstate-default-<suffix>`. */
      readonly secretSuffix: string;
      /** Kubeconfig (YAML) with its certificates inline, read anew for each command. */
      kubeconfig(): string;
    };

/** What the operator says about a provider: no file of a stack may say any of it. */
export interface ProviderSettings {
  /** `namespace/type`. */
  readonly source: string;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Arguments that take the path of a file, and what is in it; read anew for each command. */
  readonly credentials?: Readonly<Record<string, () => string>>;
}

/**
 * Where Terraform finds the credentials of the state: a descriptor, the same for plan and apply, because a saved plan
 * remembers the path. Nothing of it stands in the environment or in a folder.
 */
export const STATE_ACCESS = process.platform === 'linux' ? '/proc/self/fd/4' : '/dev/fd/4';

/**
 * The provider blocks of the operator, for those providers that the files declare. Credentials become files that only
 * the user who runs Terraform can read, below relative paths: a saved plan remembers them too. A provider runs as a
 * process of its own and gets no descriptor, so a path is the only way.
 */
export async function providerFile(
  providers: readonly ProviderSettings[],
  files: readonly StackFile[],
): Promise<{
  readonly text: string;
  readonly secrets: readonly { readonly name: string; readonly content: string }[];
}> {
  if (providers.length === 0) return { text: '', secrets: [] };
  const parsed = [];
  for (const { path, content } of files) if (path.endsWith('.tf')) parsed.push(await parseHcl(path, content));
  const declared = declaredSources(parsed);
  const secrets: { name: string; content: string }[] = [];
  const blocks = providers
    .filter(({ source }) => declared.includes(source))
    .map(({ source, settings = {}, credentials = {} }) => {
      const type = source.split('/')[1] ?? '';
      const paths = Object.entries(credentials).map(([argument, content]) => {
        const name = `.planwarden-${type}-${argument}`;
        secrets.push({ name, content: content() });
        return [argument, `./${name}`] as const;
      });
      const lines = [...Object.entries(settings), ...paths].map(([name, value]) => `  ${name} = ${hclLiteral(value)}`);
      return `provider ${hclLiteral(type)} {\n${lines.join('\n')}\n}\n`;
    });
  return { text: blocks.join('\n'), secrets };
}
