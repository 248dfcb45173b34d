import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, UseGuards } from '@nestjs/common';
import { type Freeze, type FreezeList, freezeRequestSchema, liftRequestSchema } from '@planwarden/contracts';
import { APP, type App } from '../app.js';
import { freeze, liftFreeze, listFreezes } from '../requests/freezes.js';
import { checked } from './input.js';
import { personHere, SessionGuard, type SignedInRequest } from './session.guard.js';

/** Freezes take sessions only: no agent token opens these routes. */
@Controller('api/v1/freezes')
@UseGuards(SessionGuard)
export class FreezesController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Get()
  list(@Req() request: SignedInRequest): Promise<FreezeList> {
    return listFreezes(this.app.services, personHere(this.app, request));
  }

  @Post()
  @HttpCode(201)
  freeze(@Req() request: SignedInRequest, @Body() body: unknown): Promise<Freeze> {
    const asked = checked(freezeRequestSchema, body);
    return freeze(this.app.services, this.app.bell, personHere(this.app, request), asked);
  }

  @Post(':id/lift')
  @HttpCode(200)
  lift(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown): Promise<Freeze> {
    const { reason } = checked(liftRequestSchema, body);
    return liftFreeze(this.app.services, this.app.bell, personHere(this.app, request), id, reason);
  }
}
