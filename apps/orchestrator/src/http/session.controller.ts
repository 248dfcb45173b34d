import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import { PlanwardenError, type SessionView } from '@planwarden/contracts';
import type { Request, Response } from 'express';
import { APP, type App } from '../app.js';
import { personaOf } from '../change/run-request.js';
import { SESSION_HOURS } from '../identity/session.store.js';
import { pagesHostOf } from './by-name.js';
import { sessionCookie, sessionToken } from './caller.js';
import { checked } from './input.js';
import { assertOperator } from './operator.js';
import { linkBody, signInBody } from './routes.js';
import { personOf, SessionGuard, type SignedInRequest } from './session.guard.js';

@Controller('api/v1')
export class SessionController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Post('session')
  @HttpCode(201)
  async signIn(@Body() body: unknown, @Res({ passthrough: true }) response: Response): Promise<SessionView> {
    const token = await this.app.sessions.signIn(checked(signInBody, body).token);
    const session = await this.app.sessions.find(token);
    if (!session) throw new Error('a session that was just made is not there');
    response.setHeader('set-cookie', sessionCookie(token, SESSION_HOURS * 3600));
    return this.view(session.person, session.csrfToken);
  }

  @Get('session')
  @UseGuards(SessionGuard)
  who(@Req() request: SignedInRequest): SessionView {
    return this.view(personOf(request), request.session?.csrfToken ?? '');
  }

  @Delete('session')
  @UseGuards(SessionGuard)
  @HttpCode(204)
  async signOut(@Req() request: SignedInRequest, @Res({ passthrough: true }) response: Response): Promise<void> {
    await this.app.sessions.end(sessionToken(request) ?? '');
    response.setHeader('set-cookie', sessionCookie('', 0));
  }

  @Post('sign-in-links')
  @HttpCode(201)
  async link(
    @Req() request: Request,
    @Body() body: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ url: string }> {
    assertOperator(this.app, request, 'sign-in <person>');
    const { person } = checked(linkBody, body);
    const { config } = this.app.services;
    if (!config.person(person)) {
      throw new PlanwardenError('VOTER_UNKNOWN', 'planwarden.yaml has no person with this id', {
        where: { field: 'person' },
        remedy: `Name one of: ${config
          .people()
          .map((known) => known.id)
          .join(', ')}.`,
      });
    }
    const token = await this.app.sessions.createLink(person);
    return { url: `http://${pagesHostOf(response)}/sign-in#${token}` };
  }

  private view(id: string, csrfToken: string): SessionView {
    const person = this.app.services.config.person(id);
    if (!person) {
      throw new PlanwardenError('SESSION_MISSING', 'you are no longer among the people of planwarden.yaml', {
        remedy: 'Ask the operator.',
      });
    }
    const { name, strategy } = personaOf(this.app.services.personas, person.persona);
    return {
      person: { id, name: person.name, login: person.github.login },
      persona: { name, strategy },
      csrfToken,
    };
  }
}
