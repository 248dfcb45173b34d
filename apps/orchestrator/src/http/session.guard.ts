import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { APP, type App } from '../app.js';
import type { Session } from '../identity/session.store.js';
import { sessionOf } from './caller.js';

export type SignedInRequest = Request & { session?: Session };

/** Lets only a signed-in person through; a change also needs the session's CSRF token. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(@Inject(APP) private readonly app: App) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    request.session = await sessionOf(request, this.app.sessions);
    return true;
  }
}

/** Person id of who is signed in. Only behind SessionGuard. */
export function personOf(request: SignedInRequest): string {
  if (!request.session) throw new Error('a route without SessionGuard asked for the person');
  return request.session.person;
}
