import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedConfig } from '../config.js';

/** Tells the CLI where the running installation is and which token it takes: address.json in the data folder. */
export function writeAddress(
  config: LoadedConfig,
  at: { readonly url: string; readonly sandbox: { readonly github: string; readonly kubernetes: string } },
): void {
  const { operatorTokenFile } = config.secrets;
  const address = { ...at, pid: process.pid, ...(operatorTokenFile === undefined ? {} : { operatorTokenFile }) };
  writeFileSync(file(config), `${JSON.stringify(address)}\n`, { mode: 0o600 });
}

export const removeAddress = (config: LoadedConfig): void => rmSync(file(config), { force: true });

const file = ({ dataFolder }: LoadedConfig): string => join(dataFolder, 'address.json');
