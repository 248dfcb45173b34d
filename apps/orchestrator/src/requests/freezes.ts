import type { freezeRequestSchema } from '@planwarden/contracts';
import { type Freeze, type FreezeList, mayVoteIn, type Person, PlanwardenError } from '@planwarden/contracts';
import type { Bell } from '@planwarden/runs';
import type { z } from 'zod';
import type { ChangeServices } from '../change/change.services.js';
import { wakeWaiting } from './wake-waiting.js';

type Asked = z.output<typeof freezeRequestSchema>;

/** Freezes, what excepts from them, and what the person may do about them. */
export async function listFreezes(services: ChangeServices, person: Person): Promise<FreezeList> {
  const [freezes, brokenGlass] = [await services.freezes.list(), await services.breakGlass.list()];
  const environments = environmentsOf(services);
  const mine: (string | null)[] = environments.filter((environment) => mayVoteIn(person, environment));
  return { freezes, brokenGlass, mayFreeze: mine.length > 0 ? [null, ...mine] : [] };
}

/**
 * Stops all applies to an environment, or to all. Who may vote in an environment may freeze it; to freeze all, a vote
 * anywhere is enough: stopping is the safe side.
 * @throws PlanwardenError READ_ONLY, ROLE_MISSING, INPUT_INVALID
 */
export async function freeze(services: ChangeServices, bell: Bell, person: Person, asked: Asked): Promise<Freeze> {
  services.config.assertWritable();
  const environments = environmentsOf(services);
  if (asked.environment !== null && !environments.includes(asked.environment)) {
    throw new PlanwardenError('INPUT_INVALID', 'no target has this environment', {
      where: { field: 'environment' },
      remedy: `Name one of: ${environments.join(', ')}, or none for all.`,
    });
  }
  const wanted = asked.environment === null ? environments : [asked.environment];
  if (!wanted.some((environment) => mayVoteIn(person, environment))) throw roleMissing(wanted);
  const frozen = await services.freezes.freeze({ ...asked, by: person.id });
  services.log.warn({ freeze: frozen.id, environment: frozen.environment, by: person.id }, 'applies are frozen');
  await wakeWaiting(services, bell);
  return frozen;
}

/**
 * Lifts a freeze and wakes what it held. Only who may vote wherever it holds may lift it.
 * @throws PlanwardenError READ_ONLY, FREEZE_UNKNOWN, ROLE_MISSING
 */
export async function liftFreeze(
  services: ChangeServices,
  bell: Bell,
  person: Person,
  id: string,
  reason: string,
): Promise<Freeze> {
  services.config.assertWritable();
  const { environment } = await services.freezes.find(id);
  const held = environment === null ? environmentsOf(services) : [environment];
  if (!held.every((one) => mayVoteIn(person, one))) throw roleMissing(held);
  const lifted = await services.freezes.lift(id, person.id, reason);
  services.log.warn({ freeze: id, by: person.id }, 'a freeze was lifted');
  await wakeWaiting(services, bell);
  return lifted;
}

const environmentsOf = ({ config }: Pick<ChangeServices, 'config'>): string[] => [
  ...new Set(config.current().targets.map((target) => target.environment)),
];

const roleMissing = (environments: readonly string[]): PlanwardenError =>
  new PlanwardenError('ROLE_MISSING', `this takes a role in ${environments.join(', ')}`, {
    remedy: 'Ask somebody who may vote there.',
  });
