import { parseArgs } from 'node:util';
import { isPlanwardenError } from '@planwarden/contracts';
import { signIn } from './commands/sign-in.command.js';
import { dataFolder } from './config.js';

const USAGE = `Usage: planwarden sign-in <person> [--data <folder>]

  sign-in <person>   prints a one-time sign-in link for a person of planwarden.yaml
`;

async function main(): Promise<number> {
  let command: string | undefined;
  let person: string | undefined;
  let data: string | undefined;
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { data: { type: 'string' } } });
    [command, person] = positionals;
    data = values.data;
  } catch {
    command = undefined;
  }
  if (command !== 'sign-in' || person === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  process.stdout.write(`${await signIn(person, dataFolder(data))}\n`);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const line = isPlanwardenError(error) ? `${error.code}: ${error.message}. ${error.remedy}` : 'INTERNAL: it failed';
    process.stderr.write(`${line}\n`);
    process.exitCode = 1;
  },
);
