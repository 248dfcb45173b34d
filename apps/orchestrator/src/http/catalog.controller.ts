import { Controller, Get, Inject, Param, UseGuards } from '@nestjs/common';
import { APP, type App } from '../app.js';
import { explainDecision } from '../requests/explain-decision.js';
import { describeTemplate, listTemplates } from '../requests/templates.js';
import { SessionGuard } from './session.guard.js';

@Controller('api/v1')
@UseGuards(SessionGuard)
export class CatalogController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Get('targets')
  targets() {
    const targets = this.app.services.config.current().targets.map((target) => ({
      name: target.name,
      environment: target.environment,
      repository: `${target.repository.owner}/${target.repository.name}`,
      path: target.path,
      kind: target.kind,
      namespaces: target.kind === 'manifests' ? target.argocd.namespaces : [],
      quorum: target.quorum,
    }));
    return { targets };
  }

  @Get('templates')
  templates() {
    return { templates: listTemplates(this.app.services) };
  }

  @Get('templates/:name')
  template(@Param('name') name: string) {
    return describeTemplate(this.app.services, name);
  }

  @Get('locks')
  async locks() {
    return { locks: await this.app.services.locks.list() };
  }

  @Get('decisions/:id')
  decision(@Param('id') id: string) {
    return explainDecision(this.app.services, id);
  }
}
