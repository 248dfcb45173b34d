import {
  type ChangeFile,
  changeFileSchema,
  findingSchema,
  PlanwardenError,
  type StackSource,
  type Target,
} from '@planwarden/contracts';
import { agentFiles, parseManifests } from '@planwarden/manifests';
import { agentTerraformFiles, readStack } from '@planwarden/terraform';
import { z } from 'zod';
import { judge } from '../change/judge.js';
import { actorOf, secretsIn } from '../change/run-request.js';
import { allowedProviders } from '../change/terraform/allowed-providers.js';
import { findingText } from '../requests/run-text.js';
import { type McpContext, personaFor, productTool, READ_ONLY, targetsOf } from './mcp-context.js';

export const checkPolicyTool = productTool({
  name: 'check_policy',
  title: 'Check policy',
  description:
    'Asks policy about manifests or Terraform files without starting a run: the same rules that phase source asks.',
  annotations: READ_ONLY,
  inputSchema: z.object({
    target: z.string().min(1).max(100).describe('Name of the target that the files are for.'),
    files: z.array(changeFileSchema).min(1).max(50).describe('Files, paths relative to the target’s folder.'),
  }),
  outputSchema: z.object({ allow: z.boolean(), decision: z.string(), findings: z.array(findingSchema) }),
  handler: async ({ target: name, files: given }, context) => {
    const { services, agent } = context;
    if (!targetsOf(context).includes(name)) throw outOfScope(context);
    const target = services.config.target(name);
    const persona = personaFor(context, { tool: 'check_policy' });
    const { files, objects, source } = await understood(given, target);
    const decision = await judge(
      services,
      'source',
      {
        actor: actorOf(services, { principal: `agent:${agent.id}`, onBehalfOf: agent.onBehalfOf }, persona.name),
        target,
        objects,
        ...source,
        paths: files.map((file) => file.path),
        secrets: files.flatMap((file) => (file.content === null ? [] : secretsIn(file.path, file.content))),
      },
      { run: null, round: null, step: null },
    );
    const { allow, id, findings } = decision;
    return {
      structured: { allow, decision: id, findings },
      text: [
        allow ? `Policy found nothing that denies (decision ${id}).` : `Policy denies (decision ${id}).`,
        ...findings.map(findingText),
      ].join('\n'),
    };
  },
});

/** Files of a Terraform target are taken as a stack of their own: what is in the repository is not read. */
async function understood(given: readonly ChangeFile[], target: Target) {
  if (target.kind === 'manifests') {
    const files = agentFiles({ files: given, deletions: [] }, target);
    const source: StackSource = { resources: [], providers: [], modules: [] };
    return { files, objects: parseManifests(files), source };
  }
  const files = agentTerraformFiles({ files: given, deletions: [] }, target);
  const source = await readStack(given, { folder: target.path, providers: allowedProviders(target) });
  return { files, objects: [], source };
}

const outOfScope = (context: McpContext): PlanwardenError =>
  new PlanwardenError('TARGET_OUT_OF_SCOPE', 'the token may not name this target', {
    where: { field: 'target' },
    remedy: `Name one of: ${targetsOf(context).join(', ')}.`,
  });
