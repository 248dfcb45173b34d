import type { Decision, EndState, ErrorBody, Finding } from '@planwarden/contracts';
import type { StepOutcome } from '@planwarden/runs';

/** A decision that denies, as the end of a run: every finding with rule, place and remedy. */
export function deniedBy(
  decision: Pick<Decision, 'phase' | 'findings'>,
  state: EndState = 'policy_failed',
): StepOutcome {
  const body = denialBody(decision);
  return { kind: 'end', state, error: body, message: body.message };
}

export function denialBody({ phase, findings }: Pick<Decision, 'phase' | 'findings'>): ErrorBody {
  const first = findings[0];
  return {
    code: 'POLICY_DENIED',
    message: `policy denied the change in phase ${phase}: ${findings.map((finding) => finding.rule).join(', ')}`,
    ...(first ? { where: placeOf(first) } : {}),
    remedy: first ? first.remedy : 'See explain_decision.',
    details: findings.map((finding) => ({
      code: 'POLICY_DENIED',
      message: `${finding.message} ${finding.remedy}`,
      where: placeOf(finding),
    })),
  };
}

function placeOf(finding: Finding): NonNullable<ErrorBody['where']> {
  return {
    rule: finding.rule,
    ...(finding.file === null ? {} : { file: finding.file }),
    ...(finding.line === null ? {} : { line: finding.line }),
  };
}

export function end(state: EndState, code: string, message: string, remedy: string): StepOutcome {
  return { kind: 'end', state, error: { code, message, remedy }, message };
}

/** `1 file`, `2 files`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
