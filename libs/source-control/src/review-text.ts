import type { Finding, ReviewEvent } from '@planwarden/contracts';
import { fenced, quoteLine } from './quoting.js';

/** GitHub takes 65,536 characters. */
const LONGEST_FINDINGS = 40_000;
const LONGEST_COMMENT = 4_000;

/** Hidden in the text of a review: by it a run finds again what it wrote. */
export const reviewMarker = (run: string): string => `<!-- planwarden:review ${run} -->`;

export interface ReviewTextParts {
  readonly run: string;
  readonly sha: string;
  /** Head of the pull request now. */
  readonly headSha: string;
  readonly event: ReviewEvent;
  readonly denies: boolean;
  /** Findings that stand at no line of the diff. */
  readonly findings: readonly Finding[];
  /** How many stand at lines. */
  readonly onLines: number;
  /** Sentences of ours: what was not looked at, and why the event is what it is. */
  readonly notes: readonly string[];
}

/** Text of a review. What a finding quotes comes from the files: it stands inside fences it cannot close. */
export function reviewText(p: ReviewTextParts): string {
  const total = p.findings.length + p.onLines;
  const verdict = p.denies
    ? 'Planwarden found something that no change through it could carry.'
    : total === 0
      ? 'Planwarden found nothing against the files.'
      : 'Planwarden found something to look at; nothing that denies.';
  const moved =
    p.sha === p.headSha
      ? []
      : [`**The branch has moved since**: its head is now \`${p.headSha}\`. This review does not see what came after.`];
  return [
    reviewMarker(p.run),
    `### Planwarden: review of \`${p.sha}\``,
    verdict,
    ...moved,
    ...(p.onLines === 0 ? [] : [`${p.onLines} of ${total} findings stand at their lines.`]),
    ...(p.findings.length === 0 ? [] : [fenced(p.findings.map(lineOf).join('\n\n'), LONGEST_FINDINGS)]),
    '#### What this review does not see',
    p.notes.map((note) => `- ${quoteLine(note)}`).join('\n'),
    `Run ${p.run}. It is no approval and no vote.`,
  ].join('\n\n');
}

/** Text of one comment on a line: every finding there. */
export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(({ severity, rule, message, remedy }) =>
      [
        `**${severity}** \`${rule}\``,
        fenced(`${quoteLine(message)}\n\nMend: ${quoteLine(remedy)}`, LONGEST_COMMENT),
      ].join('\n\n'),
    )
    .join('\n\n');
}

function lineOf({ severity, rule, file, line, message, remedy }: Finding): string {
  const place = file === null ? '' : ` ${quoteLine(file)}${line === null ? '' : `:${line}`}`;
  return `${severity} ${rule}${place}\n  ${quoteLine(message)}\n  Mend: ${quoteLine(remedy)}`;
}
