import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, UseGuards } from '@nestjs/common';
import { type Enrolled, type Enrolment, enrolRequestSchema, type PasskeyList } from '@planwarden/contracts';
import { APP, type App } from '../app.js';
import { beginEnrolment, enrol, listPasskeys, revokePasskey } from '../requests/passkeys.js';
import { siteOf } from '../requests/presence.js';
import { checked } from './input.js';
import { personHere, SessionGuard, type SignedInRequest } from './session.guard.js';

/** A person's own passkeys; nobody else's. */
@Controller('api/v1/passkeys')
@UseGuards(SessionGuard)
export class PasskeysController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Get()
  list(@Req() request: SignedInRequest): Promise<PasskeyList> {
    return listPasskeys(this.app.services, personHere(this.app, request), request.session?.isFirst === true);
  }

  @Post('enrolments')
  @HttpCode(201)
  begin(@Req() request: SignedInRequest): Promise<Enrolment> {
    this.app.services.config.assertWritable();
    return beginEnrolment(this.app.services, personHere(this.app, request), siteOf(request.headers.host ?? ''));
  }

  @Post()
  @HttpCode(201)
  enrol(@Req() request: SignedInRequest, @Body() body: unknown): Promise<Enrolled> {
    this.app.services.config.assertWritable();
    const asked = checked(enrolRequestSchema, body);
    const isFirst = request.session?.isFirst === true;
    return enrol(this.app.services, personHere(this.app, request), isFirst, siteOf(request.headers.host ?? ''), asked);
  }

  @Delete(':id')
  @HttpCode(204)
  revoke(@Req() request: SignedInRequest, @Param('id') id: string): Promise<void> {
    this.app.services.config.assertWritable();
    return revokePasskey(this.app.services, personHere(this.app, request), id);
  }
}
