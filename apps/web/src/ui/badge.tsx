import type { Tone } from '../words/run-words.js';

/** A status: colour, and always its words. */
export function Badge({ tone, label }: { readonly tone: Tone; readonly label: string }) {
  return <span className={`badge badge--${tone}`}>{label}</span>;
}
