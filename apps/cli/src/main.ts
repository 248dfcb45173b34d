import { parseArgs } from 'node:util';
import { isPlanwardenError } from '@planwarden/contracts';
import { githubCheck } from './commands/github-check.command.js';
import { graphRebuild } from './commands/graph-rebuild.command.js';
import { runsRebuild } from './commands/runs-rebuild.command.js';
import { signIn } from './commands/sign-in.command.js';
import { dataFolder, tokenFile } from './config.js';

const USAGE = `Usage: planwarden <command> [--data <folder>]

  sign-in <person>   prints a one-time sign-in link for a person of planwarden.yaml
  github check       says how the repositories are protected, by name; ends with 1 where something is missing
  graph rebuild      fills a graph in Neo4j again from what Postgres records
  runs rebuild       makes the rows of all runs again from the journal
  mcp                an MCP server on stdin and stdout, for clients that start one; --token-file <file> names the
                     agent's token, else PLANWARDEN_TOKEN_FILE, else the one in the data folder

  --data <folder>    of the installation that is asked; else PLANWARDEN_DATA, else ~/.planwarden (as root
                     /var/lib/planwarden)
  --help             this text

What an operator looks up: docs/operations.md
`;

const COMMANDS = ['sign-in <person>', 'github check', 'graph rebuild', 'runs rebuild', 'mcp'];

async function main(): Promise<number> {
  const { options, words } = commandLine();
  if (options?.help === true || words[0] === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options === undefined) return notUnderstood('an option is unknown, or its value is missing');
  if (words.length === 1 && words[0] === 'mcp') {
    // Loaded when it is needed: the other commands are quicker without it.
    const { mcp } = await import('./commands/mcp.command.js');
    await mcp(dataFolder(options.data), { tokenFile: tokenFile(options['token-file']) });
    return 0;
  }
  const said = await run(words, dataFolder(options.data));
  if (said === undefined) return notUnderstood(words.length === 0 ? 'no command was given' : wrongWith(words));
  const { text, isGood } = typeof said === 'string' ? { text: said, isGood: true } : said;
  process.stdout.write(`${text}\n`);
  return isGood ? 0 : 1;
}

/** Options undefined: they cannot be read. */
function commandLine() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        'token-file': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return { options: values, words: positionals };
  } catch {
    return { options: undefined, words: [] };
  }
}

/** One line, then what can be asked for. */
function notUnderstood(why: string): number {
  process.stderr.write(`planwarden: ${why}.\n\n${USAGE}`);
  return 2;
}

function wrongWith([command]: readonly string[]): string {
  const known = COMMANDS.find((one) => one.split(' ')[0] === command);
  return known === undefined ? 'there is no such command' : `write: planwarden ${known}`;
}

type Said = string | { readonly text: string; readonly isGood: boolean };

/** @returns what to print, with a bad end where something is missing; undefined: no such command */
async function run([command, what, ...more]: readonly string[], folder: string): Promise<Said | undefined> {
  if (what === undefined || more.length > 0) return undefined;
  if (command === 'sign-in') return signIn(what, folder);
  if (command === 'github' && what === 'check') return githubCheck(folder);
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
