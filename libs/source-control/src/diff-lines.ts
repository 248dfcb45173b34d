/** Lines of the new side that a unified patch shows: those added and those around them. */
export function newLinesOf(patch: string): ReadonlySet<number> {
  const shown = new Set<number>();
  let at = 0;
  for (const row of patch.split('\n')) {
    const hunk = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(row);
    if (hunk) at = Number(hunk[1]);
    else if (row.startsWith('+') || row.startsWith(' ')) {
      shown.add(at);
      at += 1;
    }
  }
  return shown;
}
