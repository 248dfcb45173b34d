import { Controller, Inject, type MessageEvent, Param, Req, Sse, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { Observable } from 'rxjs';
import { APP, type App } from '../app.js';
import { runIdOf } from './input.js';
import { isStillSignedIn, SessionGuard } from './session.guard.js';

/** Entries read at once. */
const PAGE = 200;

/** The journal as server-sent events. The id of an event is its position: a client that comes back misses nothing. */
@Controller('api/v1')
@UseGuards(SessionGuard)
export class EventsController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Sse('events')
  all(@Req() request: Request): Observable<MessageEvent> {
    return this.follow(request);
  }

  @Sse('runs/:id/events')
  async ofRun(@Req() request: Request, @Param('id') id: string): Promise<Observable<MessageEvent>> {
    await this.app.services.runs.get(runIdOf(id));
    return this.follow(request, id);
  }

  private follow(request: Request, run?: string): Observable<MessageEvent> {
    const { journal, log } = this.app;
    const { runs } = this.app.services;
    const last = request.headers['last-event-id'];
    const start = typeof last === 'string' && /^\d{1,18}$/.test(last) ? last : undefined;
    return new Observable<MessageEvent>((subscriber) => {
      let position = start;
      let looking: Promise<void> = Promise.resolve();
      let stop: () => void = () => undefined;
      const look = async (): Promise<void> => {
        position ??= await runs.lastPosition();
        for (;;) {
          const entries = await runs.follow(position, PAGE, run);
          // A page stays open for hours: whoever signed out meanwhile, or was taken out of people, hears no more.
          if (entries.length > 0 && !(await isStillSignedIn(this.app, request))) return subscriber.complete();
          for (const event of entries) {
            position = event.position;
            subscriber.next({ id: event.position, data: event });
          }
          if (entries.length < PAGE || subscriber.closed) return;
        }
      };
      // One look after the other; the shared follower says when there is something to look for.
      const lookNext = (): void => {
        looking = looking
          .then(look)
          .catch((error: unknown) => log.warn({ err: error }, 'reading the journal for a listener failed'));
      };
      lookNext();
      journal.listen(lookNext).then(
        (ends) => {
          stop = ends;
          if (subscriber.closed) stop();
          else lookNext();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => stop();
    });
  }
}
