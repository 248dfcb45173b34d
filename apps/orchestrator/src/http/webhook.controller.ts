import { Controller, HttpCode, Inject, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { PlanwardenError } from '@planwarden/contracts';
import { verifyWebhook } from '@planwarden/source-control';
import type { Request } from 'express';
import { APP, type App } from '../app.js';

/** GitHub's bell. What it says is not believed: it only makes waiting runs look at GitHub themselves. */
@Controller('webhooks')
export class WebhookController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Post('github')
  @HttpCode(202)
  async github(@Req() request: RawBodyRequest<Request>): Promise<void> {
    const signature = request.headers['x-hub-signature-256'];
    const given = typeof signature === 'string' ? signature : undefined;
    if (!verifyWebhook(request.rawBody ?? Buffer.alloc(0), given, this.app.webhookSecret)) {
      throw new PlanwardenError('SIGNATURE_INVALID', 'the signature does not match the body', {
        where: { field: 'x-hub-signature-256' },
        remedy: 'Use the same secret in the webhook and here.',
      });
    }
    const { runs } = this.app.services;
    for (const run of await runs.awaitingApproval()) {
      await runs.wake(run);
      await this.app.bell.ring(run);
    }
  }
}
