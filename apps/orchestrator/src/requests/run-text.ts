import type { Finding, RunDetail } from '@planwarden/contracts';

/** A run in a few lines: where it stands and why, what was found, what was seen running. */
export function runText({ run, findings, verified }: RunDetail): string {
  return [
    `Run ${run.id} is ${run.state}${run.wait === null ? '' : `, waiting for ${run.wait.reason}: ${run.wait.message}`}.`,
    ...(run.outcome === null ? [] : [`${run.outcome.code}: ${run.outcome.message} ${run.outcome.remedy}`]),
    ...findings.map((one) => `${one.severity} ${one.rule}${placeOf(one)}: ${one.message} Mend: ${one.remedy}`),
    ...verified,
  ].join('\n');
}

const placeOf = ({ file, line }: Finding): string =>
  file === null ? '' : ` (${file}${line === null ? '' : `:${line}`})`;
