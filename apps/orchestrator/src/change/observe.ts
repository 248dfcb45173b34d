import { apiVersionOf } from '@planwarden/cluster';
import type { ManifestPlan, ManifestTarget, ObjectRef, PlannedObject } from '@planwarden/contracts';
import { PlanwardenError } from '@planwarden/contracts';
import { requireOk, type ToolAnswer } from '@planwarden/mcp-client';
import type { StepContext } from '@planwarden/runs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Workload } from './change.records.js';
import type { ChangeServices } from './change.services.js';

/** Reads a cluster: once through the Kubernetes MCP server, once with our own client. Both must tell the same. */
export interface ClusterReader {
  get(ref: ObjectRef): Promise<unknown>;
  list(
    kind: { group: string; version: string; kind: string },
    namespace: string,
    labelSelector?: string,
  ): Promise<unknown[]>;
}

/** The Kubernetes MCP server; what it answers is data from outside. */
export function readerOverMcp(
  { gateway }: Pick<ChangeServices, 'gateway'>,
  target: ManifestTarget,
  { run, signal }: Pick<StepContext, 'run' | 'signal'>,
): ClusterReader {
  const call = (tool: string, args: Readonly<Record<string, unknown>>): Promise<ToolAnswer> =>
    gateway.call({ server: 'kubernetes', tool, args, run: run.id, step: 'verify', target, signal });
  return {
    get: async (ref) => {
      const answer = await call('resources_get', {
        apiVersion: apiVersionOf(ref),
        kind: ref.kind,
        name: ref.name,
        ...(ref.namespace === null ? {} : { namespace: ref.namespace }),
      });
      if (answer.isError && /\bnot found\b/i.test(answer.text)) return null;
      return yamlOf(requireOk(answer, 'read an object of the cluster').text);
    },
    list: async (kind, namespace, labelSelector) => {
      const selector = labelSelector === undefined ? {} : { labelSelector };
      const answer =
        kind.kind === 'Pod'
          ? await call('pods_list_in_namespace', { namespace, ...selector })
          : await call('resources_list', { apiVersion: apiVersionOf(kind), kind: kind.kind, namespace, ...selector });
      return itemsOf(yamlOf(requireOk(answer, 'list objects of the cluster').text));
    },
  };
}

export function readerOverClient(services: Pick<ChangeServices, 'cluster'>, target: ManifestTarget): ClusterReader {
  const cluster = services.cluster(target.cluster);
  return {
    get: (ref) => cluster.get(ref),
    list: (kind, namespace, labelSelector) =>
      cluster.list({ ...kind, namespace, ...(labelSelector === undefined ? {} : { labelSelector }) }),
  };
}

const containerSchema = z.looseObject({ name: z.string(), image: z.string() });
const podSchema = z.looseObject({
  status: z
    .looseObject({
      phase: z.string().optional(),
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
      containerStatuses: z.array(containerSchema).default([]),
      initContainerStatuses: z.array(containerSchema).default([]),
    })
    .default({ conditions: [], containerStatuses: [], initContainerStatuses: [] }),
  spec: z.looseObject({
    containers: z.array(containerSchema),
    initContainers: z.array(containerSchema).default([]),
  }),
});
const deploymentSchema = z.looseObject({
  metadata: z.looseObject({ generation: z.number().default(0) }),
  spec: z.looseObject({
    replicas: z.number().int().default(1),
    selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()).default({}) }),
  }),
  status: z
    .looseObject({
      observedGeneration: z.number().default(0),
      updatedReplicas: z.number().default(0),
      readyReplicas: z.number().default(0),
    })
    .default({ observedGeneration: 0, updatedReplicas: 0, readyReplicas: 0 }),
});

export interface Observed {
  readonly missing: readonly PlannedObject[];
  /** Planned to be deleted and still there. */
  readonly left: readonly PlannedObject[];
  readonly workloads: readonly (Workload & { readonly settled: boolean })[];
  /** Keys as in `plan.images`. */
  readonly images: Readonly<Record<string, string>>;
}

/** What runs of a plan: objects there or gone, Deployments with their pods, the images of those pods. */
export async function observe(reader: ClusterReader, plan: ManifestPlan): Promise<Observed> {
  const missing: PlannedObject[] = [];
  const left: PlannedObject[] = [];
  const workloads: Observed['workloads'][number][] = [];
  const images: Record<string, string> = {};
  for (const planned of plan.objects) {
    const live = await reader.get(planned);
    if (planned.action === 'delete') {
      if (live !== null) left.push(planned);
      continue;
    }
    if (live === null) {
      missing.push(planned);
      continue;
    }
    if (planned.kind !== 'Deployment' || planned.group !== 'apps') continue;
    workloads.push(await workloadOf(reader, planned, live, plan.images, images));
  }
  return { missing, left, workloads, images };
}

async function workloadOf(
  reader: ClusterReader,
  planned: PlannedObject,
  live: unknown,
  approved: Readonly<Record<string, string>>,
  images: Record<string, string>,
): Promise<Observed['workloads'][number]> {
  const { metadata, spec, status } = read(deploymentSchema, live);
  const namespace = planned.namespace ?? '';
  const selector = Object.entries(spec.selector.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const pods = (await reader.list({ group: '', version: 'v1', kind: 'Pod' }, namespace, selector)).map((pod) =>
    read(podSchema, pod),
  );
  const ready = pods.filter((pod) => pod.status.conditions.some((c) => c.type === 'Ready' && c.status === 'True'));
  for (const pod of pods) {
    const statuses = [...pod.status.initContainerStatuses, ...pod.status.containerStatuses];
    for (const container of [...pod.spec.initContainers, ...pod.spec.containers]) {
      const key = `${namespace}/${planned.kind}/${planned.name}/${container.name}`;
      const running = statuses.find((one) => one.name === container.name)?.image ?? container.image;
      // One pod with another image than the approved one is what must be seen, whatever the others run.
      if (images[key] === undefined || images[key] === approved[key]) images[key] = running;
    }
  }
  return {
    kind: planned.kind,
    namespace,
    name: planned.name,
    desired: spec.replicas,
    ready: ready.length,
    pods: pods.length,
    settled:
      status.observedGeneration >= metadata.generation &&
      status.updatedReplicas === spec.replicas &&
      status.readyReplicas === spec.replicas &&
      pods.length === spec.replicas &&
      ready.length === spec.replicas,
  };
}

function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid();
}

function yamlOf(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    throw invalid();
  }
}

/** A list answers as a sequence, or as an object with `items`. An empty one may be no text at all. */
function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items)) return value.items;
  if (value === null || value === undefined || typeof value === 'string') return [];
  throw invalid();
}

function invalid(): PlanwardenError {
  return new PlanwardenError('OUTSIDE_ANSWER_INVALID', 'the cluster answered with something that cannot be read', {
    remedy: 'It is asked again by itself; look at the Kubernetes MCP server if it stays so.',
    failure: 'retryable',
  });
}
