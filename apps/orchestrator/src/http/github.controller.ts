import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { PROTECTION_REQUIREMENTS } from '@planwarden/source-control';
import type { Request } from 'express';
import type { z } from 'zod';
import { APP, type App } from '../app.js';
import { protectionOf } from '../change/protection.js';
import { assertOperator } from './operator.js';
import type { protectionAnswer } from './routes.js';

@Controller('api/v1/github')
export class GithubController {
  constructor(@Inject(APP) private readonly app: App) {}

  /** With the release App's own eyes: what it cannot see is not met. */
  @Post('check')
  @HttpCode(200)
  async check(@Req() request: Request): Promise<z.infer<typeof protectionAnswer>> {
    assertOperator(this.app, request, 'github check');
    const { services } = this.app;
    const targets: z.infer<typeof protectionAnswer>['targets'] = [];
    for (const target of services.config.current().targets) {
      const findings = await protectionOf(services, target);
      targets.push({
        target: target.name,
        repository: `${target.repository.owner}/${target.repository.name}`,
        branch: target.baseBranch,
        requirements: findings.map(({ name, isMet }) => ({ name, says: PROTECTION_REQUIREMENTS[name], isMet })),
      });
    }
    return { targets };
  }
}
