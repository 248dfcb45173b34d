/** A fence longer than any run of backticks inside; comments, mentions and control characters are defused. */
export function fenced(text: string, longest: number): string {
  const cut =
    text.length > longest ? `${text.slice(0, longest)}\n(cut: ${text.length - longest} more characters)` : text;
  const safe = defuse(cut);
  const ticks = Math.max(3, ...[...safe.matchAll(/`+/g)].map((match) => match[0].length + 1));
  const fence = '`'.repeat(ticks);
  return `${fence}text\n${safe}\n${fence}`;
}

/** A zero-width space breaks what GitHub or our own reader would act on, even where the fence already holds. */
export function defuse(text: string): string {
  return (
    text
      .replaceAll(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control and bidi characters are what is removed
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '')
      .replaceAll('<!--', '<\u200b!--')
      .replaceAll('-->', '--\u200b>')
      .replaceAll('@', '@\u200b')
      .replaceAll('![', '!\u200b[')
      .replaceAll('](', ']\u200b(')
  );
}

/** On one line. */
export const quoteLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
