import { freezeWords } from '@planwarden/approvals';
import { changeRequestSchema, freezeSchema, RUN_STATES } from '@planwarden/contracts';
import { z } from 'zod';
import { checked } from '../http/input.js';
import { proposeChange } from '../requests/propose-change.js';
import { sentence } from '../requests/run-text.js';
import { personaFor, productTool } from './mcp-context.js';

const fields = changeRequestSchema.shape;

export const proposeChangeTool = productTool({
  name: 'propose_change',
  title: 'Propose a change',
  description: [
    'Asks for a change of a target: a template with parameters, or your own files: Kubernetes manifests, or Terraform,',
    'whichever the target holds.',
    'Answers at once with a run id; follow it with get_run. The change is checked by policy, planned, opened as a pull',
    'request, and applied only after a person approved exactly that plan. You cannot approve it.',
    'As a persona whose strategy is review: asks for a review of your files, or of a pull request at one commit; the',
    'findings come back with the run, and as one review on the pull request.',
  ].join(' '),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  inputSchema: z.object({
    target: fields.target.describe('Name of a target; the instructions of this server list yours.'),
    persona: fields.persona.describe('Narrows the request to one persona of your token.'),
    title: fields.title.describe('What you want, in one line.'),
    reason: fields.reason.describe('Why, for the person who decides. It is shown as a quotation.'),
    template: fields.template.describe('A template and its parameters. Leave out files then.'),
    files: fields.files.describe('Your own files, paths relative to the target’s folder. Leave out template then.'),
    deletions: fields.deletions.describe('Files to delete, paths relative to the target’s folder.'),
    pullRequest: fields.pullRequest.describe('Of a review: a pull request at one of its commits. Leave out the rest.'),
  }),
  outputSchema: z.object({
    run: z.string().describe('Id of the run.'),
    state: z.enum(RUN_STATES).describe('State of the run.'),
    next: z.string().describe('What to do now.'),
    freeze: freezeSchema
      .nullable()
      .describe('Set while applies to the environment are frozen: planned, voted on, and held.'),
  }),
  taskOf: ({ run }) => String(run),
  handler: async (args, context) => {
    const request = checked(changeRequestSchema, args);
    // A persona of strategy report is allowed to ask and is told that its strategy is not supported yet.
    const persona = personaFor(
      context,
      request.persona === undefined ? { tool: 'propose_change' } : { requested: request.persona },
    );
    const { agent, services, bell } = context;
    const requester = { principal: `agent:${agent.id}`, onBehalfOf: agent.onBehalfOf };
    const run = await proposeChange(services, bell, { requester, persona }, request);
    const next = `Call get_run with run ${run.id} until it has ended or waits for a person.`;
    const freeze = await services.freezes.stopping(run.environment);
    const held = freeze === null ? '' : ` ${sentence(`It is planned and held: ${freezeWords(freeze)}`)}`;
    return {
      structured: { run: run.id, state: run.state, next, freeze },
      text: `Run ${run.id} has begun.${held} ${next}`,
    };
  },
});
