import {
  type ChangeRequest,
  changeRequestSchema,
  type FoundSecret,
  type GeneratedFile,
  type GuardrailActor,
  type Persona,
  PlanwardenError,
  type Requester,
  type Target,
  type TerraformTarget,
} from '@planwarden/contracts';
import { agentFiles } from '@planwarden/manifests';
import { findSecrets } from '@planwarden/redaction';
import type { RunRecord } from '@planwarden/runs';
import { agentTerraformFiles, formatHcl } from '@planwarden/terraform';
import type { ChangeServices } from './change.services.js';

/** The request of a run, as it was accepted. */
export const requestOf = (run: RunRecord): ChangeRequest => changeRequestSchema.parse(run.request);

/**
 * Files of a request: rendered from its template, or the agent's own; Terraform in its canonical format. Pure: the same
 * request gives the same bytes.
 */
export async function filesOf(
  services: Pick<ChangeServices, 'catalog' | 'terraformTemplates'>,
  request: ChangeRequest,
  target: Target,
): Promise<readonly GeneratedFile[]> {
  if (request.template) assertOfKind(services, request.template.name, target);
  if (target.kind === 'terraform') return terraformFilesOf(services, request, target);
  if (request.template)
    return services.catalog.render(request.template.name, request.template.parameters, target).files;
  return agentFiles({ files: request.files ?? [], deletions: request.deletions ?? [] }, target);
}

/** A template that there is, but for targets of the other kind, is not unknown. @throws PlanwardenError TEMPLATE_UNKNOWN */
function assertOfKind(
  { catalog, terraformTemplates }: Pick<ChangeServices, 'catalog' | 'terraformTemplates'>,
  name: string,
  target: Target,
): void {
  const [own, other] = target.kind === 'manifests' ? [catalog, terraformTemplates] : [terraformTemplates, catalog];
  if (own.has(name) || !other.has(name)) return;
  const kinds = target.kind === 'manifests' ? ['Terraform', 'manifests'] : ['manifests', 'Terraform'];
  throw new PlanwardenError(
    'TEMPLATE_UNKNOWN',
    `template ${name} makes ${kinds[0]}; target ${target.name} holds ${kinds[1]}`,
    {
      where: { field: 'template.name' },
      remedy: `Name a target of the other kind, or one of: ${own
        .list()
        .map((one) => one.name)
        .join(', ')}.`,
    },
  );
}

async function terraformFilesOf(
  { terraformTemplates }: Pick<ChangeServices, 'terraformTemplates'>,
  request: ChangeRequest,
  target: TerraformTarget,
): Promise<GeneratedFile[]> {
  if (request.template) {
    const { name, parameters } = request.template;
    return [...(await terraformTemplates.render(name, parameters, target))];
  }
  const files = agentTerraformFiles({ files: request.files ?? [], deletions: request.deletions ?? [] }, target);
  return Promise.all(
    files.map(async (file) =>
      file.content === null || !file.path.endsWith('.tf')
        ? file
        : { ...file, content: await formatHcl(file.path, file.content) },
    ),
  );
}

/** Secrets in the texts of a request, with the place of each and never the secret. */
export function secretsOf(request: ChangeRequest): FoundSecret[] {
  const texts: [where: string, text: string][] = [
    ['title', request.title],
    ['reason', request.reason],
    ...(request.files ?? []).map((file): [string, string] => [`files.${file.path}`, file.content]),
    ...(request.template ? stringsOf('template.parameters', request.template.parameters) : []),
  ];
  return texts.flatMap(([where, text]) => secretsIn(where, text));
}

/** Secrets in one text. */
export function secretsIn(where: string, text: string): FoundSecret[] {
  return findSecrets(text).map(({ rule, line }) => ({ where, rule, line }));
}

function stringsOf(path: string, value: unknown): [string, string][] {
  // A parameter such as `password: x` is only telling together with its name.
  if (typeof value === 'string') return [[path, `${path.split('.').at(-1)}: ${value}`]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => stringsOf(`${path}.${key}`, inner));
}

/** Who asks, as policy sees it. For a person the targets are all there are: roles say what they may decide. */
export function actorOf(
  { config, personas }: Pick<ChangeServices, 'config' | 'personas'>,
  requester: Requester,
  personaName: string,
): GuardrailActor {
  const persona = personaOf(personas, personaName);
  const agent = config.agents().find((known) => `agent:${known.id}` === requester.principal);
  return {
    principal: requester.principal,
    onBehalfOf: requester.onBehalfOf,
    persona: persona.name,
    personaEnvironments: persona.environments,
    riskCeiling: persona.riskCeiling,
    targets: agent ? agent.targets : config.current().targets.map((target) => target.name),
  };
}

export function personaOf(personas: readonly Persona[], name: string): Persona {
  const found = personas.find((persona) => persona.name === name);
  if (found) return found;
  throw new PlanwardenError('PERSONA_OUT_OF_SCOPE', 'there is no persona with this name', {
    where: { field: 'persona' },
    remedy: `Name one of: ${personas.map((persona) => persona.name).join(', ')}.`,
  });
}
