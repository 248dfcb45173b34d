import { done, type Step } from '@planwarden/runs';
import { summaryRecord } from '../../change/change.records.js';
import type { ChangeServices } from '../../change/change.services.js';
import { counted } from '../../change/outcomes.js';
import { notCoveredBy } from '../not-covered.js';
import { publishRecord, reviewFilesRecord, reviewSourceRecord } from '../review.records.js';

/** What was looked at, what was found and what was not seen: from the journal alone. */
export function summariseStep(services: ChangeServices): Step {
  return {
    name: 'summarise',
    state: 'publishing',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const read = await context.output('read-files', reviewFilesRecord);
      const { decision, findings, denies } = await context.output('check-source', reviewSourceRecord);
      const { posted } = await context.output('publish-review', publishRecord);
      const what =
        read.pullRequest === null
          ? counted(read.files.length, 'file')
          : `pull request ${read.pullRequest.number} at commit ${read.pullRequest.sha}`;
      const text = [
        `Run ${run.id} reviewed ${what} for target ${run.target}.`,
        `Asked for by ${run.requester.principal}${run.requester.onBehalfOf === null ? '' : ` for ${run.requester.onBehalfOf}`}.`,
        `${counted(findings.length, 'finding')}; ${denies ? 'at least one denies' : 'none denies'} (policy decision ${decision.id}).`,
        posted === null
          ? 'Nothing was posted: the findings are the answer.'
          : `Posted as ${posted.event}: ${posted.url}`,
        ...notCoveredBy(services.config.target(run.target), read),
      ].join('\n');
      return done('summary written', summaryRecord.parse({ text }));
    },
  };
}
