import { isPlanwardenError } from '@planwarden/contracts';
import { JOB_END } from '@planwarden/terraform';
import { type Environment, environment, readStart } from './config.js';
import { applyCommand, openCommand, planCommand } from './stack-commands.js';
import { startOnce } from './start-once.js';

/** The program of the two shipped workflows: `start`, `plan`, `open`, `apply`. */
const say = (line: string): void => void process.stdout.write(`planwarden: ${line}\n`);
const COMMANDS: Readonly<Record<string, (told: Environment) => Promise<void>>> = {
  start: async (told) => {
    await startOnce(readStart(told));
    say('this run goes on');
  },
  plan: (told) => planCommand(told, say),
  open: (told) => openCommand(told, say),
  apply: (told) => applyCommand(told, say),
};

try {
  const command = COMMANDS[process.argv[2] ?? ''];
  if (command === undefined) throw new Error(`one of: ${Object.keys(COMMANDS).join(', ')}`);
  await command(environment);
} catch (error) {
  const isOurs = isPlanwardenError(error);
  say(isOurs ? `${error.message}. ${error.remedy}` : 'the job failed in a way that was not expected');
  const told = isOurs ? { code: error.code, ...(error.where ? { where: error.where } : {}) } : { code: 'INTERNAL' };
  process.stdout.write(`${JOB_END}${JSON.stringify(told)}\n`);
  process.exitCode = 1;
}
