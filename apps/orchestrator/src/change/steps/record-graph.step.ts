import { kubernetesToGraph } from '@planwarden/graph';
import { done, type Step } from '@planwarden/runs';
import { graphRecord, planRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { environmentsOf, refreshGraph } from '../facts.js';
import { manifestPlan, manifestTarget } from '../manifest-target.js';

/** Writes what now exists back to the graph, with this run as its source. */
export function recordGraphStep(services: ChangeServices): Step {
  return {
    name: 'record-graph',
    state: 'verifying',
    failsAs: 'verify_failed',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const target = manifestTarget(services.config.target(run.target));
      const plan = manifestPlan((await context.output('plan', planRecord)).plan);
      const snapshotId = await refreshGraph(services, target);
      const cluster = services.cluster(target.cluster);
      const live = await Promise.all(
        plan.objects.filter((object) => object.action !== 'delete').map((object) => cluster.get(object)),
      );
      const { nodes, edges } = kubernetesToGraph(
        live.flatMap((object) => (object === null ? [] : [object])),
        { cluster: target.cluster, environmentOf: environmentsOf(services.config.current().targets, target.cluster) },
      );
      const now = await services.fresh(target.name).now();
      await services.graph.writeBack({ run: run.id, nodes, edges, observedAt: now.toISOString() });
      return done(
        `the graph knows ${nodes.length} resources of this run`,
        graphRecord.parse({ snapshotId, nodes: nodes.length }),
      );
    },
  };
}
