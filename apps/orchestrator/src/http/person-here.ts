import { type Person, PlanwardenError } from '@planwarden/contracts';
import type { App } from '../app.js';
import { personOf, type SignedInRequest } from './session.guard.js';

/** The person who is signed in, as planwarden.yaml knows them now. @throws PlanwardenError SESSION_MISSING */
export function personHere(app: App, request: SignedInRequest): Person {
  const person = app.services.config.person(personOf(request));
  if (person) return person;
  throw new PlanwardenError('SESSION_MISSING', 'you are no longer among the people of planwarden.yaml', {
    remedy: 'Ask the operator.',
  });
}
