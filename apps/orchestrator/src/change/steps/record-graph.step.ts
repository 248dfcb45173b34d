import type { TerraformTarget } from '@planwarden/contracts';
import { kubernetesToGraph, terraformToGraph } from '@planwarden/graph';
import { done, type Step, type StepContext, type StepOutcome } from '@planwarden/runs';
import { graphRecord, planRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { environmentsOf, refreshGraph } from '../facts.js';
import { manifestPlan, terraformPlan } from '../of-kind.js';
import { counted } from '../outcomes.js';
import { refreshStack } from '../terraform/state-facts.js';

/** Writes what now exists back to the graph, with this run as its source. */
export function recordGraphStep(services: ChangeServices): Step {
  return {
    name: 'record-graph',
    state: 'verifying',
    failsAs: 'verify_failed',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const target = services.config.target(run.target);
      if (target.kind === 'terraform') return recordStack(services, context, target);
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
        `the graph knows ${counted(nodes.length, 'resource')} of this run`,
        graphRecord.parse({ snapshotId, nodes: nodes.length }),
      );
    },
  };
}

async function recordStack(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
): Promise<StepOutcome> {
  const { run } = context;
  const plan = terraformPlan((await context.output('plan', planRecord)).plan);
  const changed = plan.resources.filter(({ action }) => action !== 'no-op');
  const { snapshot, resources } = await refreshStack(
    services,
    target,
    changed.map(({ type }) => type),
  );
  const addresses = new Set(changed.map(({ address }) => address.replace(/\[.*$/s, '')));
  const mine = resources.filter(({ address }) => addresses.has(address));
  const { nodes, edges } = terraformToGraph(mine, target);
  const now = await services.fresh(target.name).now();
  await services.graph.writeBack({ run: run.id, nodes, edges, observedAt: now.toISOString() });
  return done(
    `the graph knows ${counted(nodes.length, 'resource')} of this run`,
    graphRecord.parse({ snapshotId: snapshot, nodes: nodes.length }),
  );
}
