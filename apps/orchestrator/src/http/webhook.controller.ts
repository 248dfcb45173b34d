import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { PlanwardenError } from '@planwarden/contracts';
import { verifyWebhook } from '@planwarden/source-control';
import type { Request } from 'express';
import { APP, type App } from '../app.js';
import { RateLimit } from './rate-limit.js';
import { signatureInvalid } from './webhook-body.js';

/**
 * GitHub's bell. What it says is not believed: it only makes waiting runs look at GitHub themselves. The answer waits
 * for nothing but the signature; whatever is lost after it, the poll finds.
 */
@Controller('webhooks')
export class WebhookController {
  readonly #signed = new RateLimit(120, 20);
  readonly #forged = new RateLimit(20, 1);

  constructor(@Inject(APP) private readonly app: App) {}

  @Post('github')
  @HttpCode(202)
  github(@Req() request: Request): void {
    const { metrics, deliveries, webhookSecret } = this.app;
    const body: unknown = request.body;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const signature = request.headers['x-hub-signature-256'];
    if (!verifyWebhook(bytes, typeof signature === 'string' ? signature : undefined, webhookSecret)) {
      metrics.webhookCame('refused');
      if (!this.#forged.take()) throw tooMany();
      throw signatureInvalid();
    }
    if (!this.#signed.take()) {
      metrics.webhookCame('limited');
      throw tooMany();
    }
    deliveries.take(bytes);
  }
}

function tooMany(): PlanwardenError {
  return new PlanwardenError('RATE_LIMITED', 'more deliveries came than are heard', {
    remedy: 'Nothing is lost: waiting runs look at GitHub by themselves.',
  });
}
