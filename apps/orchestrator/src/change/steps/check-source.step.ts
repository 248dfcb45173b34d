import { done, type Step } from '@planwarden/runs';
import { checkSourceRecord, validateRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { decisionRecordOf, judge } from '../judge.js';
import { deniedBy } from '../outcomes.js';
import { actorOf, secretsIn } from '../run-request.js';

/** Policy, phase source: the files and the objects in them, before anything outside is touched. */
export function checkSourceStep(services: ChangeServices): Step {
  return {
    name: 'check-source',
    state: 'validating',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const { files, paths, objects, resources, providers, modules } = await context.output('validate', validateRecord);
      const decision = await judge(
        services,
        'source',
        {
          actor: actorOf(services, run.requester, run.persona),
          target: services.config.target(run.target),
          objects,
          resources,
          providers,
          modules,
          paths,
          secrets: files.flatMap((file) => (file.content === null ? [] : secretsIn(file.path, file.content))),
        },
        { run: run.id, round: run.round, step: 'check-source' },
      );
      if (!decision.allow) return deniedBy(decision);
      return done(
        `policy found nothing against the files (${decision.rulesEvaluated.length} rules)`,
        checkSourceRecord.parse({ decision: decisionRecordOf(decision) }),
      );
    },
  };
}
