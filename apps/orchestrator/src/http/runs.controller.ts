import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import {
  type BreakGlass,
  breakGlassRequestSchema,
  type ChangeRequest,
  changeRequestSchema,
  PlanwardenError,
  RUN_STATES,
  type RunDetail,
  type RunEvent,
  type RunList,
  type RunSummary,
  runIdPattern,
  voteRequestSchema,
} from '@planwarden/contracts';
import { scopeFor } from '@planwarden/personas';
import { z } from 'zod';
import { APP, type App } from '../app.js';
import { outputsOf } from '../change/confirm-ports.js';
import { refusalFor } from '../change/votes.js';
import { breakGlass } from '../requests/break-glass.js';
import { cancelAsPerson } from '../requests/cancel-run.js';
import { castVote } from '../requests/cast-vote.js';
import { retryOf, rollbackOf } from '../requests/mend-run.js';
import { type MendedRun, proposeChange } from '../requests/propose-change.js';
import { releaseLocks } from '../requests/release-locks.js';
import { detailOf, summaryOf } from '../requests/run-views.js';
import { checked, runIdOf } from './input.js';
import { cancelBody, discardBody, releaseLocksBody, retryBody, rollbackBody } from './routes.js';
import { personHere, personOf, SessionGuard, type SignedInRequest } from './session.guard.js';

const listQuery = z.strictObject({
  state: z.enum(RUN_STATES).optional(),
  cursor: z.string().regex(runIdPattern, 'is no cursor').optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

@Controller('api/v1/runs')
@UseGuards(SessionGuard)
export class RunsController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Get()
  async list(@Query() query: unknown): Promise<RunList> {
    const { state, cursor, limit } = checked(listQuery, query, 'query');
    const found = await this.app.services.runs.list({
      limit,
      ...(state === undefined ? {} : { state }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return { runs: found.runs.map(summaryOf), next: found.next };
  }

  /** A person's own request: nobody it is on behalf of, and the person who asked may not vote on it. */
  @Post()
  @HttpCode(202)
  async create(@Req() request: SignedInRequest, @Body() body: unknown): Promise<RunSummary> {
    return this.ask(request, checked(changeRequestSchema, body));
  }

  @Get(':id')
  detail(@Req() request: SignedInRequest, @Param('id') id: string): Promise<RunDetail> {
    return detailOf(this.app.services, runIdOf(id), personOf(request));
  }

  @Get(':id/log')
  async log(@Param('id') id: string): Promise<{ events: RunEvent[] }> {
    await this.app.services.runs.get(runIdOf(id));
    return { events: await this.app.services.runs.events(id) };
  }

  @Post(':id/votes')
  @HttpCode(201)
  async vote(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown) {
    const asked = checked(voteRequestSchema, body);
    const vote = await castVote(
      this.app.services,
      this.app.bell,
      runIdOf(id),
      personOf(request),
      asked,
      request.headers.host ?? '',
    );
    return { vote: vote.reference };
  }

  @Post(':id/break-glass')
  @HttpCode(201)
  breakGlass(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown): Promise<BreakGlass> {
    const asked = checked(breakGlassRequestSchema, body);
    const person = personHere(this.app, request);
    const { services, bell } = this.app;
    return breakGlass(services, bell, runIdOf(id), person, asked, request.headers.host ?? '');
  }

  @Post(':id/discard')
  @HttpCode(202)
  async discard(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown): Promise<RunSummary> {
    const { reason } = checked(discardBody, body ?? {});
    const { services } = this.app;
    services.config.assertWritable();
    const person = personHere(this.app, request);
    const run = await services.runs.get(runIdOf(id));
    // Whatever it is doing now: by the time of the entry it may await approval.
    if (!run.ended) {
      const refusal = await refusalFor(services, run, outputsOf(services, run), person);
      if (refusal) throw new PlanwardenError(refusal.code, refusal.message, { remedy: 'Cancel it, if it is yours.' });
    }
    const discarded = await services.runs.requestDiscard(id, { by: `person:${person.id}`, reason });
    await this.app.bell.ring(id);
    return summaryOf(discarded);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  async cancel(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown): Promise<RunSummary> {
    const { reason } = checked(cancelBody, body ?? {});
    return summaryOf(await cancelAsPerson(this.app, runIdOf(id), personHere(this.app, request), reason));
  }

  @Post(':id/release-locks')
  @HttpCode(200)
  async releaseLocks(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown) {
    const { reason } = checked(releaseLocksBody, body ?? {});
    return { released: await releaseLocks(this.app.services, runIdOf(id), personHere(this.app, request), reason) };
  }

  /** The same request again, as this person's own. */
  @Post(':id/retry')
  @HttpCode(202)
  async retry(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown): Promise<RunSummary> {
    checked(retryBody, body ?? {});
    const { request: asked, parent } = retryOf(await this.app.services.runs.get(runIdOf(id)));
    return this.ask(request, asked, parent);
  }

  /** The reverse of what the run merged, as this person's own request. */
  @Post(':id/rollback')
  @HttpCode(202)
  async rollback(@Req() request: SignedInRequest, @Param('id') id: string, @Body() body: unknown): Promise<RunSummary> {
    const { reason } = checked(rollbackBody, body ?? {});
    const { services } = this.app;
    services.config.assertWritable();
    const { request: asked, parent } = await rollbackOf(services, await services.runs.get(runIdOf(id)), reason);
    return this.ask(request, asked, parent);
  }

  private async ask(request: SignedInRequest, asked: ChangeRequest, parent?: MendedRun): Promise<RunSummary> {
    const { services, bell } = this.app;
    const person = personHere(this.app, request);
    const { principal, onBehalfOf, persona } = scopeFor({
      asker: { person },
      personas: services.personas,
      targets: services.config.current().targets,
      ...(asked.persona === undefined ? {} : { requestedPersona: asked.persona }),
    });
    const asker = { requester: { principal, onBehalfOf }, persona };
    return summaryOf(await proposeChange(services, bell, asker, asked, parent));
  }
}
