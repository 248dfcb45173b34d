import { Controller, Get, HttpCode, Inject, Res } from '@nestjs/common';
import { isPlanwardenError } from '@planwarden/contracts';
import type { Response } from 'express';
import { APP, type App } from '../app.js';
import { openApiDocument } from './openapi.js';

@Controller()
export class HealthController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Get('livez')
  livez() {
    return { status: 'ok' };
  }

  /** 200 when everything a run needs is there; 503 naming what is not. */
  @Get('readyz')
  @HttpCode(200)
  async readyz(@Res({ passthrough: true }) response: Response) {
    const checks = await Promise.all(
      Object.entries(this.app.checks).map(async ([name, check]): Promise<[string, string]> => {
        try {
          await check();
          return [name, 'ok'];
        } catch (error) {
          return [name, isPlanwardenError(error) ? error.code : 'failed'];
        }
      }),
    );
    const isReady = checks.every(([, said]) => said === 'ok');
    if (!isReady) response.status(503);
    return { status: isReady ? 'ok' : 'not_ready', checks: Object.fromEntries(checks) };
  }

  /** What a monitoring system scrapes, in the text format of Prometheus. */
  @Get('metrics')
  async metrics(@Res() response: Response) {
    const { type, body } = await this.app.metrics.text();
    response.setHeader('content-type', type);
    response.end(body);
  }

  @Get('api/v1/openapi.json')
  openapi() {
    return openApiDocument();
  }
}
