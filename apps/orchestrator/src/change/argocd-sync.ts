import type { ManifestTarget } from '@planwarden/contracts';
import type { SourceControl } from '@planwarden/source-control';
import { z } from 'zod';
import type { ClusterReader } from './observe.js';

const applicationSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    source: z.looseObject({
      repoURL: z.string(),
      path: z.string(),
      directory: z.looseObject({ recurse: z.boolean().default(false) }).optional(),
    }),
  }),
  status: z
    .looseObject({
      sync: z.looseObject({ status: z.string().default(''), revision: z.string().default('') }).optional(),
      health: z.looseObject({ status: z.string().default('') }).optional(),
    })
    .optional(),
});
type Application = z.infer<typeof applicationSchema>;

/** Argo CD reads the files of an application's folder; those below it only where it recurses. */
function covers(application: Application, path: string): boolean {
  const { path: folder, directory } = application.spec.source;
  const prefix = `${folder.replace(/\/+$/, '')}/`;
  if (!path.startsWith(prefix)) return false;
  return directory?.recurse === true || !path.slice(prefix.length).includes('/');
}

/**
 * The first changed path that no application reads, neither one that is live nor one of the change itself: merging it
 * would apply nothing.
 */
export async function uncoveredPath(
  reader: Pick<ClusterReader, 'list'>,
  target: ManifestTarget,
  paths: readonly string[],
  objects: readonly Readonly<Record<string, unknown>>[],
): Promise<string | undefined> {
  const own = objects.flatMap((object) =>
    object.kind === 'Application' ? (applicationSchema.safeParse(object).data ?? []) : [],
  );
  const all = [...own, ...(await applicationsOf(reader, target))];
  return paths.find((path) => !all.some((application) => covers(application, path)));
}

/**
 * Whether Argo CD has synced what was merged.
 * @returns null when every changed path is covered by a synced Application; else what is missing, in words
 */
export async function missingSync(
  reader: ClusterReader,
  github: SourceControl,
  target: ManifestTarget,
  change: { readonly paths: readonly string[]; readonly mergeSha: string },
): Promise<string | null> {
  const applications = await applicationsOf(reader, target);
  for (const path of change.paths) {
    const covering = applications.filter((application) => covers(application, path));
    if (covering.length === 0) return 'Argo CD has no application yet for what was merged';
    for (const application of covering) {
      const sync = application.status?.sync;
      if (sync?.status !== 'Synced') return 'Argo CD has not synced yet';
      if (!(await isOurRevision(github, target, sync.revision, change.mergeSha))) {
        return 'Argo CD has synced another revision so far';
      }
    }
  }
  return null;
}

/** What Argo CD finds unwell among the applications that cover the changed paths; null when all are healthy. */
export async function unhealthy(
  reader: ClusterReader,
  target: ManifestTarget,
  paths: readonly string[],
): Promise<string | null> {
  const applications = await applicationsOf(reader, target);
  const ill = applications.find(
    (application) =>
      paths.some((path) => covers(application, path)) && application.status?.health?.status !== 'Healthy',
  );
  return ill === undefined ? null : 'Argo CD does not call every application healthy yet';
}

async function applicationsOf(reader: Pick<ClusterReader, 'list'>, target: ManifestTarget): Promise<Application[]> {
  const found = await reader.list(
    { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application' },
    target.argocd.namespace,
  );
  return found
    .flatMap((object) => applicationSchema.safeParse(object).data ?? [])
    .filter((application) => application.spec.source.repoURL === target.argocd.repoUrl);
}

/** The merge commit, or one that descends from it with the same files below the target's path. */
async function isOurRevision(
  github: SourceControl,
  target: ManifestTarget,
  revision: string,
  mergeSha: string,
): Promise<boolean> {
  if (revision === mergeSha) return true;
  if (!/^[0-9a-f]{40}$/.test(revision)) return false;
  const { mergeBase } = await github.compare(mergeSha, revision);
  if (mergeBase !== mergeSha) return false;
  return (await github.subtreeSha(revision, target.path)) === (await github.subtreeSha(mergeSha, target.path));
}
