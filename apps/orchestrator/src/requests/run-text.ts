import { freezeWords } from '@planwarden/approvals';
import type { Finding, RunDetail, RunEvent } from '@planwarden/contracts';
import { errorText } from '@planwarden/mcp-server-kit';

/** A run in a few lines: where it stands and why, what is planned, what was found, where people look, what was seen running. */
export function runText({
  run,
  freeze,
  breakGlass,
  findings,
  planText,
  pullRequest,
  review,
  verified,
}: RunDetail): string {
  return [
    sentence(
      `Run ${run.id} is ${run.state}${run.wait === null ? '' : `, waiting for ${run.wait.reason}: ${run.wait.message}`}`,
    ),
    ...(freeze === null ? [] : [sentence(`Held whatever the votes: ${freezeWords(freeze)}`)]),
    ...breakGlass.map((one) => `${one.by} broke the glass until ${one.until}: ${one.reason}`),
    ...(run.outcome === null ? [] : [errorText(run.outcome)]),
    ...findings.map(findingText),
    // The first line counts; the whole of it is in the structured answer and planwarden://runs/{id}/plan.
    ...(planText === null ? [] : planText.split('\n', 1)),
    ...(pullRequest === null ? [] : [`Pull request ${pullRequest.number}: ${pullRequest.url}`]),
    ...verified,
    ...(review?.posted ? [`Posted as ${review.posted.event}: ${review.posted.url}`] : []),
    ...(review?.notCovered ?? []),
  ].join('\n');
}

/** With one full stop, also where it ends with a reason that somebody wrote as a sentence. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** A finding in one line, with its place and what mends it. */
export const findingText = (one: Finding): string =>
  `${one.severity} ${one.rule}${placeOf(one)}: ${one.message} Mend: ${one.remedy}`;

const placeOf = ({ file, line }: Finding): string =>
  file === null ? '' : ` (${file}${line === null ? '' : `:${line}`})`;

/** An entry of the journal in one line; many name their step themselves. */
export const logText = ({ at, step, message }: Pick<RunEvent, 'at' | 'step' | 'message'>): string =>
  `${at} ${step === null || message.startsWith(`${step} `) ? '' : `${step}: `}${message}`;
