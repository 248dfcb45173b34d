import type { Agent, Target } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';

/** What an agent is told when it connects: how asking goes, and the names that only planwarden.yaml knows. */
export function instructionsOf(
  agent: Agent,
  { config, personas }: Pick<ChangeServices, 'config' | 'personas'>,
): string {
  const targets = config.current().targets.filter(({ name }) => agent.targets.includes(name));
  const mine = agent.personas.flatMap((name) => personas.find((known) => known.name === name) ?? []);
  return [
    'Planwarden changes infrastructure through a gate. Ask with propose_change and follow the run with get_run: policy checks it, it is planned and opened as a pull request, a person approves exactly that plan, and only then is it applied. No tool approves.',
    `You ask as agent ${agent.id}, for ${agent.onBehalfOf}. Targets you may name:`,
    ...(targets.length === 0 ? ['- none: ask the operator for one'] : targets.map(targetLine)),
    `Personas of your token, each with its strategy: ${mine.map(({ name, strategy }) => `${name} (${strategy})`).join(', ')}. A request that names none is made as the first that has the tool.`,
    "Paths in a request are relative to the target's folder; findings and plans name files from the root of the repository.",
  ].join('\n');
}

const targetLine = ({ name, kind, environment, repository, path }: Target): string =>
  `- ${name}: ${kind === 'terraform' ? 'Terraform' : 'Kubernetes manifests'} of environment ${environment}, in ${path} of ${repository.owner}/${repository.name}`;
