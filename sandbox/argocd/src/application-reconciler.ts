import { comparedStatus, failedStatus, listedRefs, mergePatchOf } from './application-status.js';
import { carryOut, compare, dueSync, runningOperation } from './application-sync.js';
import { type ClusterApi, ClusterError, refOf } from './cluster-api.js';
import { ApplicationProblem, desiredObjects, type Source, sourceOf } from './desired-objects.js';
import type { GitFile, GitPort } from './git-port.js';
import { at, type Json, list, record } from './json.js';
import { isTracked, type ObjectState } from './object-state.js';

const FINALIZER = 'resources-finalizer.argocd.argoproj.io';
const TREES_KEPT = 32;

/** Heads of branches as one pass over the applications sees them, by repository and revision. */
export type Heads = Map<string, { readonly source: HeadOf; readonly sha: Promise<string> }>;
type HeadOf = Pick<Source, 'repoUrl' | 'targetRevision'>;

/** Brings one Application to where Git wants it, and writes its status. */
export class ApplicationReconciler {
  /** Files by repository, commit and folder: a commit never changes. */
  private readonly trees = new Map<string, readonly GitFile[]>();

  constructor(
    private readonly api: ClusterApi,
    private readonly git: GitPort,
  ) {}

  /**
   * @returns false where it could not be compared: another look may find it otherwise
   * @throws ClusterError when the status cannot be written
   */
  async reconcile(application: Json, heads: Heads): Promise<boolean> {
    try {
      if (at(application, 'metadata', 'deletionTimestamp') !== undefined) await this.takeAway(application);
      else await this.bringOut(application, heads);
      return true;
    } catch (error) {
      if (error instanceof ClusterError && error.code === 0) throw error;
      await this.writeStatus(application, failedStatus(application, problemOf(error)));
      return false;
    }
  }

  private async bringOut(application: Json, heads: Heads): Promise<void> {
    const source = sourceOf(application);
    const revision = await this.head(source, heads);
    const files = await this.files(source, revision);
    const desired = await desiredObjects(refOf(application).name, source, files, this.api);
    const states = await compare(this.api, application, desired);
    const operationState = at(application, 'status', 'operationState');
    const plan = dueSync(application, revision, states);
    if (plan === undefined)
      return this.writeStatus(application, this.told(application, revision, states, operationState));
    if (desired.length === 0 && at(application, 'spec', 'syncPolicy', 'automated', 'allowEmpty') !== true) {
      const problem = new ApplicationProblem('SyncError', 'auto-sync will wipe out all resources');
      return this.writeStatus(application, comparedStatus(application, revision, states, operationState, problem));
    }
    // Written before the first act: what is applied is known as the application's even when this ends in the middle.
    const running = runningOperation(application, revision);
    const begun = comparedStatus(application, revision, states, running);
    await this.writeStatus(application, begun);
    const result = await carryOut(this.api, application, source, revision, plan, running);
    const done = { ...application, status: begun };
    const kept = states.filter((state) => state.needsPruning && !plan.prunes.includes(state));
    const all = [...result.states, ...kept];
    await this.writeStatus(done, this.told(done, revision, all, result.operationState));
  }

  /** The status, with the last sync's failure as a condition for as long as it stands. */
  private told(application: Json, revision: string, states: readonly ObjectState[], operation: unknown): Json {
    const isFailed = at(operation, 'phase') === 'Failed' && states.some(({ isSynced }) => !isSynced);
    const problem = isFailed ? new ApplicationProblem('SyncError', String(at(operation, 'message'))) : undefined;
    return comparedStatus(application, revision, states, operation, problem);
  }

  private async head(source: HeadOf, heads: Heads): Promise<string> {
    const { repoUrl, targetRevision } = source;
    const key = `${repoUrl} ${targetRevision}`;
    const known = heads.get(key);
    if (known !== undefined) return known.sha;
    const sha = this.git.head(repoUrl, targetRevision);
    heads.set(key, { source, sha });
    return sha;
  }

  /** Whether every branch still stands where a pass saw it. What cannot be told is not the same. */
  async standStill(heads: Heads): Promise<boolean> {
    const now: Heads = new Map();
    try {
      for (const { source, sha } of heads.values()) if ((await this.head(source, now)) !== (await sha)) return false;
      return true;
    } catch {
      return false;
    }
  }

  private async files({ repoUrl, path }: Source, revision: string): Promise<readonly GitFile[]> {
    const key = `${repoUrl} ${revision} ${path}`;
    const known = this.trees.get(key);
    if (known !== undefined) return known;
    const files = await this.git.listTree(repoUrl, revision, path);
    this.trees.set(key, files);
    const [oldest] = this.trees.keys();
    if (this.trees.size > TREES_KEPT && oldest !== undefined) this.trees.delete(oldest);
    return files;
  }

  /** An Application that is being deleted takes its objects along when its finalizer says so. */
  private async takeAway(application: Json): Promise<void> {
    const ref = refOf(application);
    const finalizers = list(at(application, 'metadata', 'finalizers')).map(String);
    const others = finalizers.filter((name) => name.split('/')[0] !== FINALIZER);
    if (others.length === finalizers.length) return;
    let isEmpty = true;
    for (const one of listedRefs(application).reverse()) {
      const live = await this.api.get(one);
      if (live === undefined || !isTracked(ref.name, live, one)) continue;
      if (at(live, 'metadata', 'deletionTimestamp') === undefined) await this.api.remove(one);
      if ((await this.api.get(one)) !== undefined) isEmpty = false;
    }
    if (isEmpty) await this.api.mergePatch(ref, { metadata: { finalizers: others } });
  }

  private async writeStatus(application: Json, status: Json): Promise<void> {
    const patch = mergePatchOf(record(application.status), status);
    if (patch === undefined) return;
    try {
      await this.api.mergePatch(refOf(application), { status: patch });
    } catch (error) {
      // Deleted meanwhile: there is nothing left to tell.
      if (!(error instanceof ClusterError && error.code === 404)) throw error;
    }
  }
}

function problemOf(error: unknown): ApplicationProblem {
  if (error instanceof ApplicationProblem) return error;
  const said = error instanceof Error ? error.message : 'unknown failure';
  return new ApplicationProblem('ComparisonError', `failed to compare: ${said}`);
}
