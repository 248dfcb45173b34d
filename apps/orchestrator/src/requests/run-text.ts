import { freezeWords } from '@planwarden/approvals';
import type { Finding, RunDetail } from '@planwarden/contracts';

/** A run in a few lines: where it stands and why, what was found, what was seen running. */
export function runText({ run, freeze, breakGlass, findings, review, verified }: RunDetail): string {
  return [
    `Run ${run.id} is ${run.state}${run.wait === null ? '' : `, waiting for ${run.wait.reason}: ${run.wait.message}`}.`,
    ...(freeze === null ? [] : [`Held whatever the votes: ${freezeWords(freeze)}.`]),
    ...breakGlass.map((one) => `${one.by} broke the glass until ${one.until}: ${one.reason}`),
    ...(run.outcome === null ? [] : [`${run.outcome.code}: ${run.outcome.message} ${run.outcome.remedy}`]),
    ...findings.map((one) => `${one.severity} ${one.rule}${placeOf(one)}: ${one.message} Mend: ${one.remedy}`),
    ...verified,
    ...(review?.posted ? [`Posted as ${review.posted.event}: ${review.posted.url}`] : []),
    ...(review?.notCovered ?? []),
  ].join('\n');
}

const placeOf = ({ file, line }: Finding): string =>
  file === null ? '' : ` (${file}${line === null ? '' : `:${line}`})`;
