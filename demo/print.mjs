// How the story looks in a terminal. Colours only where they are wanted (picocolors looks at NO_COLOR and the terminal).
import colors from 'picocolors';

const PERSON = { agent: colors.cyan, gate: colors.yellow, human: colors.magenta, world: colors.green };
let chapter = 0;

export function title(text) {
  process.stdout.write(`\n${colors.bold(text)}\n${colors.dim('─'.repeat(Math.min(text.length, 78)))}\n`);
}

export function scene(text) {
  chapter += 1;
  process.stdout.write(`\n${colors.bold(`${chapter}. ${text}`)}\n`);
}

/** One line said by one of the cast: agent, gate, human, world. */
export function says(who, text) {
  const [first, ...rest] = text.split('\n');
  const name = PERSON[who](who.padEnd(6));
  process.stdout.write(`   ${name} ${first}\n${rest.map((line) => `          ${line}\n`).join('')}`);
}

export const quiet = (text) => process.stdout.write(`          ${colors.dim(text)}\n`);
export const good = (text) => process.stdout.write(`   ${colors.green('✔')}      ${text}\n`);
export const refused = (text) => process.stdout.write(`   ${colors.red('✘')}      ${text}\n`);
