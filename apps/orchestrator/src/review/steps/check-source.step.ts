import { DENYING_SEVERITIES, type Finding } from '@planwarden/contracts';
import { done, type Step } from '@planwarden/runs';
import type { ChangeServices } from '../../change/change.services.js';
import { decisionRecordOf, judge } from '../../change/judge.js';
import { counted } from '../../change/outcomes.js';
import { actorOf } from '../../change/run-request.js';
import { type Problem, reviewFilesRecord, reviewSourceRecord, reviewValidateRecord } from '../review.records.js';

/** Policy, phase source: the same rules the change road asks. A denial is what the review says, not the end of it. */
export function checkSourceStep(services: ChangeServices): Step {
  return {
    name: 'check-source',
    state: 'validating',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const { paths } = await context.output('read-files', reviewFilesRecord);
      const { problems, ...read } = await context.output('validate', reviewValidateRecord);
      const decision = await judge(
        services,
        'source',
        {
          actor: actorOf(services, run.requester, run.persona),
          target: services.config.target(run.target),
          paths,
          ...read,
        },
        { run: run.id, round: run.round, step: 'check-source' },
      );
      const findings = [...problems.map(findingOf), ...decision.findings];
      const denying = findings.filter(({ severity }) => isDenying(severity)).length;
      return done(
        `${counted(findings.length, 'finding')}, ${denying} of them against the files (${decision.rulesEvaluated.length} rules)`,
        reviewSourceRecord.parse({ decision: decisionRecordOf(decision), findings, denies: denying > 0 }),
      );
    },
  };
}

/** What no run could take counts as a finding that denies; its rule is the code a run would end with. */
const findingOf = ({ code, file, line, message, remedy }: Problem): Finding => ({
  rule: code.toLowerCase().replaceAll('_', '-'),
  severity: 'high',
  ...{ message, remedy, file, line, object: null },
});

const isDenying = (severity: Finding['severity']): boolean =>
  (DENYING_SEVERITIES as readonly string[]).includes(severity);
