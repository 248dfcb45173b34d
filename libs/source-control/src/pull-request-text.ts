import { type Digest, type Finding, sha256 } from '@planwarden/contracts';
import { COMMAND_DIGEST_LENGTH } from './comment-votes.js';
import { defuse, fenced, quoteLine } from './quoting.js';

const BEGIN = '<!-- planwarden:begin -->';
const END = '<!-- planwarden:end -->';
const LONGEST_QUOTE = 2_000;
const LONGEST_PLAN = 30_000;

export interface PullRequestTextParts {
  readonly run: string;
  readonly round: number;
  readonly subjectDigest: string | null;
  readonly planText: string;
  readonly findings: readonly Finding[];
  /** Words of the agent: quoted, never rendered. */
  readonly agentTitle: string;
  readonly agentReason: string;
  /** Why votes of the round before no longer count; absent in the first. */
  readonly newRound?: { readonly code: string; readonly message: string };
}

/** Our block of the PR text. What an agent wrote stands only inside fences it cannot close. */
export function pullRequestText(p: PullRequestTextParts): string {
  const findings = p.findings.map((f) => quoteLine(`${f.severity} ${f.rule}: ${f.message} Mend: ${f.remedy}`));
  return [
    BEGIN,
    `### Planwarden: run ${p.run}, round ${p.round}`,
    p.subjectDigest === null ? 'Not yet ready for votes.' : `Subject: \`${p.subjectDigest}\``,
    ...(p.newRound === undefined
      ? []
      : [`Votes on the round before are void: \`${p.newRound.code}\`. ${defuse(quoteLine(p.newRound.message))}.`]),
    '#### Plan',
    fenced(p.planText, LONGEST_PLAN),
    '#### Findings',
    findings.length === 0 ? 'None.' : fenced(findings.join('\n'), LONGEST_PLAN),
    '#### What the agent said (quoted, not checked)',
    fenced(`${p.agentTitle}\n\n${p.agentReason}`, LONGEST_QUOTE),
    '#### To approve',
    HOW_TO_REVIEW,
    ...(p.subjectDigest === null ? [] : [howToComment(p.subjectDigest)]),
    END,
  ].join('\n\n');
}

// One line each: GitHub shows a line end inside a paragraph as one.
const HOW_TO_REVIEW = [
  'Review this pull request at its newest commit: **Approve** or **Request changes**.',
  'The review names the subject above. Editing this text, or pushing to the branch, voids the votes.',
].join(' ');

function howToComment(digest: string): string {
  const short = digest.replace(/^sha256:/, '').slice(0, COMMAND_DIGEST_LENGTH);
  return [
    `Or write a comment whose first line is \`/planwarden approve ${short}\` or \`/planwarden reject ${short}\`;`,
    'more lines are your reason. An edited comment is no vote.',
  ].join(' ');
}

/** Our block inside a PR body, markers included; null unless there is exactly one whole block. */
export function extractBlock(body: string): string | null {
  const text = body.replaceAll('\r\n', '\n');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin || text.lastIndexOf(BEGIN) !== begin || text.lastIndexOf(END) !== end) return null;
  return text.slice(begin, end + END.length);
}

/** Digest of our block; null when it is gone, cut or doubled. Line ends are not a difference. */
export function blockDigest(body: string): Digest | null {
  const block = extractBlock(body);
  return block === null ? null : sha256(block);
}
