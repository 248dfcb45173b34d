import { type DynamicModule, Module } from '@nestjs/common';
import { APP, type App } from './app.js';
import { CatalogController } from './http/catalog.controller.js';
import { EventsController } from './http/events.controller.js';
import { FreezesController } from './http/freezes.controller.js';
import { GithubController } from './http/github.controller.js';
import { GraphController } from './http/graph.controller.js';
import { HealthController } from './http/health.controller.js';
import { PasskeysController } from './http/passkeys.controller.js';
import { RunsController } from './http/runs.controller.js';
import { RunsRebuildController } from './http/runs-rebuild.controller.js';
import { SessionController } from './http/session.controller.js';
import { SessionGuard } from './http/session.guard.js';
import { WebhookController } from './http/webhook.controller.js';

/** Every controller; a test compares their routes with the OpenAPI document. */
export const CONTROLLERS = [
  HealthController,
  SessionController,
  GraphController,
  RunsRebuildController,
  GithubController,
  CatalogController,
  EventsController,
  RunsController,
  FreezesController,
  PasskeysController,
  WebhookController,
];

@Module({})
// biome-ignore lint/complexity/noStaticOnlyClass: Nest wants a class here
export class AppModule {
  static of(app: App): DynamicModule {
    return {
      module: AppModule,
      controllers: CONTROLLERS,
      providers: [{ provide: APP, useValue: app }, SessionGuard],
    };
  }
}
