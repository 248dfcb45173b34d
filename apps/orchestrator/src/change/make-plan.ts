import { type LiveObject, normaliseLive, refOf } from '@planwarden/cluster';
import type { ManifestPlan, ManifestTarget } from '@planwarden/contracts';
import { parseManifests, planManifests } from '@planwarden/manifests';
import { baseFilesOf, changedEntries, filesAtCommit } from './branch-files.js';
import type { ChangeServices } from './change.services.js';

/** Name under which dry runs ask: Argo CD's own, so that a field it owns and Git dropped shows as removed. */
const FIELD_MANAGER = 'argocd-controller';

/**
 * The plan of base...code against the live cluster, made from what GitHub holds. Step `plan` and confirm both call
 * this, so that "the same plan" means the same road to it.
 */
export async function makePlan(
  services: Pick<ChangeServices, 'sourceControl' | 'cluster' | 'toolVersions'>,
  target: ManifestTarget,
  commits: { readonly baseSha: string; readonly codeSha: string },
): Promise<{ readonly plan: ManifestPlan; readonly toolVersions: Readonly<Record<string, string>> }> {
  const github = services.sourceControl(target);
  const cluster = services.cluster(target.cluster);
  const entries = await changedEntries(github, commits.baseSha, commits.codeSha);
  const head = await filesAtCommit(github, entries, target);
  const base = await baseFilesOf(
    github,
    commits.baseSha,
    head.map((file) => file.path),
  );
  const plan = await planManifests({
    cluster: target.cluster,
    target,
    base: parseManifests(base),
    head: parseManifests(head),
    live: {
      get: (ref) => cluster.get(ref),
      dryRunApply: async (object) => {
        const tracked = keepTracking(object, await cluster.get(refOf(object)));
        return cluster.dryRunApply(tracked, { fieldManager: FIELD_MANAGER });
      },
      normalise: normaliseLive,
    },
  });
  return { plan, toolVersions: services.toolVersions };
}

/** The mark that Argo CD puts on what it manages: its sync adds it to every object, so a plan must not show it removed. */
const TRACKING = 'argocd.argoproj.io/tracking-id';

function keepTracking(object: Readonly<Record<string, unknown>>, live: LiveObject | null): Record<string, unknown> {
  const mark = annotationsOf(live)[TRACKING];
  if (mark === undefined) return { ...object };
  const metadata = object.metadata as Record<string, unknown>;
  return { ...object, metadata: { ...metadata, annotations: { ...annotationsOf(object), [TRACKING]: mark } } };
}

function annotationsOf(object: Readonly<Record<string, unknown>> | null): Record<string, unknown> {
  const metadata = object?.metadata;
  if (typeof metadata !== 'object' || metadata === null || !('annotations' in metadata)) return {};
  const { annotations } = metadata;
  return typeof annotations === 'object' && annotations !== null ? { ...annotations } : {};
}
