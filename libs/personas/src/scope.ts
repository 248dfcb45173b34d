import {
  type Agent,
  type Person,
  type Persona,
  PlanwardenError,
  type Scope,
  type Target,
  type ToolName,
} from '@planwarden/contracts';

export interface ScopeRequest {
  /** Who asks: an agent by its token, or a signed-in person. */
  readonly asker: { readonly agent: Agent } | { readonly person: Person };
  /** All personas of the installation. */
  readonly personas: readonly Persona[];
  /** All targets of the installation. */
  readonly targets: readonly Pick<Target, 'name' | 'environment'>[];
  /** The persona the request names; it may only narrow. */
  readonly requestedPersona?: Persona['name'];
  /** The target the request names; it may only narrow. */
  readonly target?: string;
  /** The tool that is called. */
  readonly tool?: ToolName;
}

/**
 * Puts token (or session), persona and request together. The answer is never wider than any of them: one persona that
 * the asker has, and only targets that the asker may name in environments of that persona.
 * @throws PlanwardenError PERSONA_OUT_OF_SCOPE, TOOL_OUT_OF_SCOPE, TARGET_OUT_OF_SCOPE naming the field
 */
export function scopeFor(request: ScopeRequest): Scope {
  const { asker } = request;
  const who =
    'agent' in asker
      ? { principal: `agent:${asker.agent.id}`, onBehalfOf: asker.agent.onBehalfOf }
      : { principal: `person:${asker.person.id}`, onBehalfOf: null };
  const persona = personaOf(request);
  return { ...who, persona, targets: targetsOf(request, persona) };
}

/** The persona asked for, else the first of the asker that has the tool. */
function personaOf({ asker, personas, requestedPersona, tool }: ScopeRequest): Persona {
  const names = 'agent' in asker ? asker.agent.personas : [asker.person.persona];
  const held = names.flatMap((name) => personas.filter((persona) => persona.name === name));
  const allowed = held.filter(({ name }) => requestedPersona === undefined || name === requestedPersona);
  if (allowed.length === 0) {
    throw new PlanwardenError('PERSONA_OUT_OF_SCOPE', 'this persona is not one of yours', {
      where: { field: 'persona' },
      remedy: `Ask as one of: ${held.map(({ name }) => name).join(', ')}.`,
    });
  }
  const able = allowed.find(({ tools }) => tool === undefined || tools.includes(tool));
  if (able) return able;
  const others = held.filter(({ tools }) => tool !== undefined && tools.includes(tool)).map(({ name }) => name);
  throw new PlanwardenError('TOOL_OUT_OF_SCOPE', `the persona may not call ${tool ?? 'this tool'}`, {
    where: { field: 'persona' },
    remedy: others.length > 0 ? `Ask as ${others.join(' or ')}.` : 'Use a token with a persona that has this tool.',
  });
}

/** A target that is not there and one the asker may not name answer alike. */
function targetsOf({ asker, targets, target: wanted }: ScopeRequest, persona: Persona): readonly string[] {
  const named = targets.filter(({ name }) => !('agent' in asker) || asker.agent.targets.includes(name));
  if (wanted !== undefined && !named.some(({ name }) => name === wanted)) {
    throw new PlanwardenError('TARGET_OUT_OF_SCOPE', 'you may not name this target', {
      where: { field: 'target' },
      remedy: `Name one of: ${named.map(({ name }) => name).join(', ')}.`,
    });
  }
  const mayChange = ({ environment }: Pick<Target, 'environment'>): boolean =>
    persona.environments.includes('*') || persona.environments.includes(environment);
  const within = named.filter(mayChange).map(({ name }) => name);
  if (wanted === undefined) return within;
  if (within.includes(wanted)) return [wanted];
  throw new PlanwardenError(
    'PERSONA_OUT_OF_SCOPE',
    `the environment of this target is not one of persona ${persona.name}`,
    {
      where: { field: 'target' },
      remedy: `Name a target in one of: ${persona.environments.join(', ')}.`,
    },
  );
}
