/** A unified patch of two texts as GitHub puts it in `patch`: hunks only, three lines of context. */
export interface TextDiff {
  additions: number;
  deletions: number;
  patch: string;
}
type Step = { kind: ' ' | '-' | '+'; line: string };

const linesOf = (text: string): string[] => {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

/** Longest common subsequence: quadratic, fit for files of a sandbox; larger ones are shown as replaced as a whole. */
function steps(before: string[], after: string[]): Step[] {
  const whole = before.length * after.length > 4_000_000;
  const width = after.length + 1;
  const table = new Uint32Array(whole ? 0 : (before.length + 1) * width);
  if (!whole)
    for (let i = before.length - 1; i >= 0; i--)
      for (let j = after.length - 1; j >= 0; j--)
        table[i * width + j] =
          before[i] === after[j]
            ? (table[(i + 1) * width + j + 1] ?? 0) + 1
            : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
  const out: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const left = before[i];
    const right = after[j];
    const down = table[(i + 1) * width + j] ?? 0;
    const along = table[i * width + j + 1] ?? 0;
    if (!whole && left !== undefined && left === right) {
      out.push({ kind: ' ', line: left });
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || whole || down >= along)) {
      out.push({ kind: '-', line: left });
      i++;
    } else if (right !== undefined) {
      out.push({ kind: '+', line: right });
      j++;
    }
  }
  return out;
}

export function diffText(before: string, after: string): TextDiff {
  const all = steps(linesOf(before), linesOf(after));
  const near = all.map((_, index) => all.slice(Math.max(0, index - 3), index + 4).some((step) => step.kind !== ' '));
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  for (let index = 0; index < all.length; ) {
    if (!near[index]) {
      oldLine++;
      newLine++;
      index++;
      continue;
    }
    const body: Step[] = [];
    for (let step = all[index]; step && near[index]; step = all[index]) {
      body.push(step);
      index++;
    }
    const removed = body.filter((step) => step.kind !== '+').length;
    const added = body.filter((step) => step.kind !== '-').length;
    const place = (line: number, count: number): string => `${count === 0 ? line - 1 : line},${count}`;
    const rows = body.map((step) => step.kind + step.line);
    hunks.push([`@@ -${place(oldLine, removed)} +${place(newLine, added)} @@`, ...rows].join('\n'));
    oldLine += removed;
    newLine += added;
  }
  return {
    additions: all.filter((step) => step.kind === '+').length,
    deletions: all.filter((step) => step.kind === '-').length,
    patch: hunks.join('\n'),
  };
}
