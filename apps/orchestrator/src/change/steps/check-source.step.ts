import { done, type Step } from '@planwarden/runs';
import { checkSourceRecord, validateRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { decisionRecordOf, judgeFiles } from '../judge.js';
import { deniedBy } from '../outcomes.js';

/** Policy, phase source: the files and the objects in them, before anything outside is touched. */
export function checkSourceStep(services: ChangeServices): Step {
  return {
    name: 'check-source',
    state: 'validating',
    effects: [],
    execute: async (context) => {
      const files = await context.output('validate', validateRecord);
      const decision = await judgeFiles(services, context.run, files, 'check-source');
      if (!decision.allow) return deniedBy(decision);
      return done(
        `policy found nothing against the files (${decision.rulesEvaluated.length} rules)`,
        checkSourceRecord.parse({ decision: decisionRecordOf(decision) }),
      );
    },
  };
}
