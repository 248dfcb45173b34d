import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type Person, PlanwardenError } from '@planwarden/contracts';
import type { Request } from 'express';
import { APP, type App } from '../app.js';
import type { Session } from '../identity/session.store.js';
import { sessionOf, sessionToken } from './caller.js';

export type SignedInRequest = Request & { session?: Session };

/** Lets only a signed-in person through; a change also needs the session's CSRF token. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(@Inject(APP) private readonly app: App) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    request.session = await sessionOf(request, this.app.sessions);
    // Whoever the operator took out sees nothing either, however long the session would have lasted.
    personHere(this.app, request);
    return true;
  }
}

/** The person who is signed in, as planwarden.yaml knows them now. @throws PlanwardenError SESSION_MISSING */
export function personHere(app: App, request: SignedInRequest): Person {
  const person = app.services.config.person(personOf(request));
  if (person) return person;
  throw new PlanwardenError('SESSION_MISSING', 'you are no longer among the people of planwarden.yaml', {
    remedy: 'Ask the operator.',
  });
}

/** Whether the session that opened a long answer would still open it. */
export async function isStillSignedIn(app: App, request: Request): Promise<boolean> {
  const session = await app.sessions.find(sessionToken(request) ?? '');
  return session !== undefined && app.services.config.person(session.person) !== undefined;
}

/** Person id of who is signed in. Only behind SessionGuard. */
export function personOf(request: SignedInRequest): string {
  if (!request.session) throw new Error('a route without SessionGuard asked for the person');
  return request.session.person;
}
