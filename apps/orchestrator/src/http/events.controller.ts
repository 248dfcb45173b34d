import { Controller, Inject, type MessageEvent, Param, Req, Sse, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { Observable } from 'rxjs';
import { APP, type App } from '../app.js';
import { runIdOf } from './input.js';
import { SessionGuard } from './session.guard.js';

/** Milliseconds between two looks at the journal while somebody listens. */
const LOOK_MS = 250;

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
    const { runs } = this.app.services;
    const last = request.headers['last-event-id'];
    const start = typeof last === 'string' && /^\d{1,18}$/.test(last) ? last : undefined;
    return new Observable<MessageEvent>((subscriber) => {
      let position = start;
      let timer: NodeJS.Timeout | undefined;
      const look = async (): Promise<void> => {
        position ??= await runs.lastPosition();
        for (const event of await runs.follow(position, 200, run)) {
          position = event.position;
          subscriber.next({ id: event.position, data: event });
        }
      };
      const loop = (): void => {
        look()
          .catch((error: unknown) => this.app.log.warn({ err: error }, 'reading the journal for a listener failed'))
          .finally(() => {
            if (!subscriber.closed) timer = setTimeout(loop, LOOK_MS);
          });
      };
      loop();
      return () => clearTimeout(timer);
    });
  }
}
