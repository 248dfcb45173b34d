/** Longer names are not compared: no real one is, and the work grows with the square. */
const MAX_LENGTH = 100;

/**
 * Steps from one word to another, where a step adds, drops or changes a letter or swaps two neighbours
 * (Damerau-Levenshtein, each letter touched once).
 */
export function distance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = at(last, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, changed);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) best = Math.min(best, at(beforeLast, j - 2) + 1);
      row.push(best);
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, to.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;

/**
 * What somebody most likely meant.
 * @param name as written; @param known names that would be right here
 * @returns the nearest within two steps or a third of the name's length, the first by alphabet of equals; null for none
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  if (name.length > MAX_LENGTH) return null;
  // Fewer than half of the letters: otherwise every short word is near to every other (`name` to `ami`).
  let within = Math.min(Math.max(2, Math.floor(name.length / 3)), Math.ceil(name.length / 2) - 1);
  let best: string | null = null;
  for (const one of [...known].sort()) {
    if (Math.abs(one.length - name.length) > within) continue;
    const steps = distance(name, one);
    if (steps > within || (best !== null && steps === within)) continue;
    [best, within] = [one, steps];
  }
  return best;
}
