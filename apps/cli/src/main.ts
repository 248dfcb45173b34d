import { parseArgs } from 'node:util';
import { isPlanwardenError } from '@planwarden/contracts';
import { graphRebuild } from './commands/graph-rebuild.command.js';
import { runsRebuild } from './commands/runs-rebuild.command.js';
import { signIn } from './commands/sign-in.command.js';
import { dataFolder } from './config.js';

const USAGE = `Usage: planwarden <command> [--data <folder>]

  sign-in <person>   prints a one-time sign-in link for a person of planwarden.yaml
  graph rebuild      fills a graph in Neo4j again from what Postgres records
  runs rebuild       makes the rows of all runs again from the journal
`;

async function main(): Promise<number> {
  let words: string[] = [];
  let data: string | undefined;
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { data: { type: 'string' } } });
    words = positionals;
    data = values.data;
  } catch {
    words = [];
  }
  const said = await run(words, dataFolder(data));
  if (said === undefined) process.stderr.write(USAGE);
  else process.stdout.write(`${said}\n`);
  return said === undefined ? 2 : 0;
}

/** @returns what to print; undefined: no such command */
async function run([command, what, ...more]: readonly string[], folder: string): Promise<string | undefined> {
  if (what === undefined || more.length > 0) return undefined;
  if (command === 'sign-in') return signIn(what, folder);
  if (command === 'graph' && what === 'rebuild') return graphRebuild(folder);
  if (command === 'runs' && what === 'rebuild') return runsRebuild(folder);
  return undefined;
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
