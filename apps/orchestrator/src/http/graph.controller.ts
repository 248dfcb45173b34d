import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { PlanwardenError } from '@planwarden/contracts';
import type { Request } from 'express';
import { APP, type App } from '../app.js';
import { assertOperator } from './operator.js';

@Controller('api/v1/graph')
export class GraphController {
  constructor(@Inject(APP) private readonly app: App) {}

  @Post('rebuild')
  @HttpCode(200)
  async rebuild(@Req() request: Request): Promise<{ nodes: number; edges: number }> {
    assertOperator(this.app, request, 'graph rebuild');
    if (this.app.rebuildGraph === null) {
      throw new PlanwardenError('NOT_SUPPORTED', 'the graph is read where it is recorded: nothing can be rebuilt', {
        where: { field: 'graph.store' },
        remedy: 'Only a graph in Neo4j (graph.store: neo4j) is filled from Postgres.',
      });
    }
    return this.app.rebuildGraph();
  }
}
