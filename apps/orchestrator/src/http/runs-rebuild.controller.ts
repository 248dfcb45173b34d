import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { APP, type App } from '../app.js';
import { assertOperator } from './operator.js';

@Controller('api/v1/runs')
export class RunsRebuildController {
  constructor(@Inject(APP) private readonly app: App) {}

  /** Safe while workers are at work: run by run, each in a transaction of its own. */
  @Post('rebuild')
  @HttpCode(200)
  async rebuild(@Req() request: Request): Promise<{ runs: number; mended: number }> {
    assertOperator(this.app, request, 'runs rebuild');
    return this.app.services.runs.rebuild();
  }
}
