import { at, isRecord, type Json, list } from './json.js';
import type { KubeObject } from './objects.js';

/** Where kinds that start pods keep their pod specification. */
const POD_SPEC_AT: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  Deployment: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

/** The pod specification of an object and the names that lead to it; undefined for kinds without one. */
export function podSpecOf(object: KubeObject): { spec: Json | undefined; path: readonly string[] } | undefined {
  const path = POD_SPEC_AT[object.kind];
  if (path === undefined) return undefined;
  const spec = at(object, ...path);
  return { spec: isRecord(spec) ? spec : undefined, path };
}

export interface ContainerAt {
  readonly field: string;
  readonly container: Json;
}

/** Containers and init containers of a pod specification, each with its name for messages. */
export function containersOf(spec: Json, path: readonly string[]): ContainerAt[] {
  return ['initContainers', 'containers'].flatMap((name) =>
    list(spec[name]).flatMap((container, index) =>
      isRecord(container) ? [{ field: `${[...path, name].join('.')}[${index}]`, container }] : [],
    ),
  );
}
