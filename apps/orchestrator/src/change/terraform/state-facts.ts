import type { Facts, TerraformTarget } from '@planwarden/contracts';
import { factsDigest, importState, stackNodeId, stackPlace } from '@planwarden/graph';
import type { ChangeServices } from '../change.services.js';
import { stateOf } from './plan-stack.js';

type Needs = Pick<ChangeServices, 'graph' | 'terraform' | 'fresh'>;

/** Reads the state into the graph. @param types of resources that may have left it; @returns the snapshot's id */
export async function refreshStack(
  services: Needs,
  target: TerraformTarget,
  types: readonly string[],
): Promise<{ readonly snapshot: string; readonly resources: Awaited<ReturnType<typeof stateOf>>['resources'] }> {
  const { resources } = await stateOf(services, target);
  const observedAt = (await services.fresh(target.name).now()).toISOString();
  const { stack, environment } = target;
  const snapshot = await importState({ store: services.graph, stack, environment, resources, types, observedAt });
  return { snapshot, resources };
}

/** What policy may know about the stack around the resources of a change, from its state now. */
export async function stackFacts(
  services: Needs,
  target: TerraformTarget,
  changed: readonly { readonly address: string; readonly type: string }[],
): Promise<{ readonly facts: Facts; readonly factsDigest: string }> {
  // Without a binary nobody can read the state: the graph says what it knew before.
  if (services.terraform.has(target)) {
    await refreshStack(
      services,
      target,
      changed.map(({ type }) => type),
    );
  }
  const facts = await services.graph.facts({
    target: target.name,
    environment: target.environment,
    cluster: stackPlace(target.stack),
    ids: [...new Set(changed.map(({ address }) => stackNodeId(target.stack, address)))],
  });
  return { facts, factsDigest: factsDigest(facts) };
}
