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

/** Where what is said begins: beneath itself it goes on there, where the terminal is too narrow for one line. */
const INDENT = ' '.repeat(10);

/** @returns {string[]} the text in lines that fit beside the indent; words are never cut. Not to a terminal: as it is */
function lines(text) {
  const width = process.stdout.isTTY ? Math.max(process.stdout.columns - INDENT.length, 40) : Number.POSITIVE_INFINITY;
  return text.split('\n').flatMap((line) => {
    const made = [];
    let rest = line;
    while (rest.length > width) {
      const at = rest.lastIndexOf(' ', width);
      // Spaces in front are an indent of its own and no place to break.
      if (rest.slice(0, at).trim() === '') break;
      made.push(rest.slice(0, at));
      rest = rest.slice(at + 1);
    }
    return [...made, rest];
  });
}

const told = (mark, text, colour = (line) => line) => {
  const [first, ...more] = lines(text).map((line) => colour(line));
  process.stdout.write(`${mark}${first}\n${more.map((line) => `${INDENT}${line}\n`).join('')}`);
};

/** What one of the cast says: agent, gate, human, world. */
export const says = (who, text) => told(`   ${PERSON[who](who.padEnd(6))} `, text);

export const quiet = (text) => told(INDENT, text, colors.dim);
/** What somebody copies: a command, an address, a token. It stays one line. */
export const verbatim = (text) => process.stdout.write(`${INDENT}${text}\n`);
export const good = (text) => told(`   ${colors.green('✔')}      `, text);
export const refused = (text) => told(`   ${colors.red('✘')}      `, text);

/** What a template is asked for with, as a person would say it. */
export const parametersOf = (parameters) =>
  Object.entries(parameters)
    .map(([name, value]) => `${name} ${typeof value === 'string' && value.includes(' ') ? `"${value}"` : value}`)
    .join(', ');
