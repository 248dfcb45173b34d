import type { Oddity } from './odd-yaml.js';

/**
 * Signs that end a line for some readers and none for ours (a lone carriage return, NEL, the separators of lines and
 * paragraphs: YAML 1.1), so that a comment goes on as content there; and signs that no line of text holds.
 */
const ODD_SIGN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]|(?<=[\s\S])\ufeff/;
/**
 * Kubernetes parts documents before it reads them, by every line that begins with `---`, whatever is around it, and
 * never by `...`: what follows that is not read at all.
 */
const ODD_MARK = /^(?:---(?![ \t]*$)|\.\.\.(?=\s|$))/m;
/** Argo CD leaves a file out that holds this anywhere, as a word of a comment or of a value: it then prunes what was in it. */
const LEFT_OUT = /\+argocd:skip-file-rendering/;

/** The first place where readers of YAML differ before any of them knows what is a value: the text is refused there. */
export function oddText(content: string): Oddity | undefined {
  const found = [
    { offset: content.search(ODD_SIGN), message: 'this holds a sign that some readers take for the end of a line' },
    { offset: content.search(ODD_MARK), message: 'documents are parted by --- alone on its line, and by nothing else' },
    { offset: content.search(LEFT_OUT), message: 'this makes Argo CD leave out the whole file, as if it were gone' },
  ];
  return found.filter(({ offset }) => offset >= 0).sort((a, b) => a.offset - b.offset)[0];
}
