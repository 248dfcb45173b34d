import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PERSONAS, type Persona, PlanwardenError, personaSchema } from '@planwarden/contracts';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';

const written = personaSchema.omit({ name: true, prompt: true });

/**
 * Reads a folder of persona files, one `<name>.md` each: settings between two lines `---`, below them the prompt.
 * @returns the personas in the order of the closed list
 * @throws PlanwardenError CONFIG_INVALID with file and line; a missing or unknown persona too
 */
export function loadPersonas(folder: string): Persona[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .sort();
  const strange = files.find((file) => !PERSONAS.some((name) => `${name}.md` === file));
  if (strange !== undefined) throw invalid(strange, 1, 'there is no persona with this name');
  return PERSONAS.map((name) => {
    const file = `${name}.md`;
    if (!files.includes(file)) throw invalid(file, 1, 'the file is missing');
    return parsePersona(name, readFileSync(join(folder, file), 'utf8'), file);
  });
}

/** Reads one persona file. @throws PlanwardenError CONFIG_INVALID with file and line */
export function parsePersona(name: Persona['name'], text: string, file: string): Persona {
  const parts = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text.replaceAll('\r\n', '\n'));
  if (!parts) throw invalid(file, 1, 'the settings must stand between two lines of ---');
  const [, settings = '', prompt = ''] = parts;
  const lines = new LineCounter();
  const document = parseDocument(settings, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  // The first line of the settings is the second of the file.
  const lineAt = (offset: number): number => lines.linePos(offset).line + 1;
  const broken = document.errors[0];
  if (broken) throw invalid(file, lineAt(broken.pos[0]), 'not readable as YAML');
  const parsed = written.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : (issue?.path ?? []);
    throw invalid(file, lineAt(offsetOf(document, path)), `${path.join('.')}: ${issue?.message ?? 'not valid'}`);
  }
  const wide = contradiction(parsed.data);
  if (wide) throw invalid(file, lineAt(offsetOf(document, [wide[0]])), `${wide[0]}: ${wide[1]}`);
  if (prompt.trim() === '') throw invalid(file, settings.split('\n').length + 3, 'the prompt is missing');
  return personaSchema.parse({ ...parsed.data, name, prompt: prompt.trim() });
}

/** Settings that are each fine and together say two things. */
function contradiction({
  strategy,
  tools,
  environments,
}: Omit<Persona, 'name' | 'prompt'>): [string, string] | undefined {
  if (environments.length > 1 && environments.includes('*')) return ['environments', 'name * alone, or no *'];
  if (new Set(tools).size !== tools.length) return ['tools', 'a tool is named twice'];
  if (strategy === 'report' && tools.includes('propose_change')) {
    return ['tools', 'propose_change is for the strategies change and review only'];
  }
  return undefined;
}

/** Where a setting stands, or its nearest parent that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function invalid(file: string, line: number, message: string): PlanwardenError {
  return new PlanwardenError('CONFIG_INVALID', `personas/${file}: ${message}`, {
    where: { file: `personas/${file}`, line },
    remedy: 'Mend the file; see the personas that ship with Planwarden.',
  });
}
