import { Controller, Get, HttpCode, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { APP, type App } from '../app.js';
import { readinessOf } from '../readiness.js';
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
    const said = await readinessOf(this.app.checks);
    if (said.status !== 'ok') response.status(503);
    return said;
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
