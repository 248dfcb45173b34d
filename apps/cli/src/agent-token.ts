import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PlanwardenError } from '@planwarden/contracts';

const TOKEN_FILE = /^agent-(.+)\.token$/;

/**
 * The token that an agent presents: of the file that was named, else of the only agent whose token the data folder has.
 * @throws PlanwardenError CONFIG_INVALID where there is none, or more than one to choose from
 */
export function agentToken(folder: string, file: string | undefined): string {
  const path = file ?? onlyTokenFile(folder);
  let content: string;
  try {
    content = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw invalid(`the token file cannot be read: ${path}`, cause);
  }
  if (/^[\w.~+/=-]{1,512}$/.test(content)) return content;
  throw invalid(`there is no token in the file ${path}`);
}

function onlyTokenFile(folder: string): string {
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => TOKEN_FILE.test(name));
  } catch (cause) {
    throw invalid(`the data folder cannot be read: ${folder}`, cause);
  }
  const [only, ...more] = names;
  if (only !== undefined && more.length === 0) return join(folder, only);
  const agents = names.map((name) => TOKEN_FILE.exec(basename(name))?.[1]).join(', ');
  throw invalid(
    only === undefined ? `no agent token is in ${folder}` : `tokens of several agents are there: ${agents}`,
  );
}

const invalid = (message: string, cause?: unknown): PlanwardenError =>
  new PlanwardenError('CONFIG_INVALID', message, {
    remedy: 'Name the file that holds the token of your agent: --token-file <file>, or PLANWARDEN_TOKEN_FILE.',
    cause,
  });
