import type { RepositoryContext, SandboxCore } from './sandbox-core.js';
import { appOfCheck } from './seed.js';
import type { PullRecord, ReviewRecord } from './state-store.js';

export interface MergeState {
  mergeable: boolean | null;
  state: 'clean' | 'dirty' | 'blocked' | 'behind' | 'draft' | 'unknown';
  /** GitHub's sentence for why not; undefined when it may be merged. */
  refusal?: string;
}

/** The last standing review of each person who may write; comments do not change it. */
export function standingReviews(core: SandboxCore, repo: RepositoryContext, pull: PullRecord): ReviewRecord[] {
  const last = new Map<number, ReviewRecord>();
  for (const review of repo.state.reviews) {
    if (review.pull !== pull.number || review.state === 'COMMENTED' || review.state === 'PENDING') continue;
    const role = core.role(repo, core.identities.byId(review.userId));
    if (role === 'write' || role === 'admin') last.set(review.userId, review);
  }
  return [...last.values()];
}

/** Whether GitHub would merge now, in the order in which it says why not. */
export async function canonicalMergeState(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
): Promise<MergeState> {
  if (pull.state === 'closed') return { mergeable: null, state: 'unknown', refusal: 'Pull Request is not mergeable' };
  const base = (await repo.git.ref(`refs/heads/${pull.base}`)) ?? pull.baseSha;
  if ((await repo.git.mergedTree(base, pull.headSha)) === undefined)
    return { mergeable: false, state: 'dirty', refusal: 'Pull Request is not mergeable' };
  if (pull.draft) return { mergeable: true, state: 'draft', refusal: 'Pull Request is still a draft' };
  const rules = core.protection(repo, pull.base);
  if (!rules) return { mergeable: true, state: 'clean' };
  const blocked = (refusal: string): MergeState => ({ mergeable: true, state: 'blocked', refusal });
  const reviews = standingReviews(core, repo, pull);
  if (reviews.some((review) => review.state === 'CHANGES_REQUESTED'))
    return blocked('Changes have been requested on this pull request. ');
  const approvals = reviews.filter((review) => review.state === 'APPROVED').length;
  if (approvals < rules.requiredReviews) {
    const asked = rules.requiredReviews;
    return blocked(
      asked === 1
        ? 'At least 1 approving review is required by reviewers with write access.'
        : `At least ${asked} approving reviews are required by reviewers with write access.`,
    );
  }
  const missing = (rules.requiredChecks ?? []).find(
    (name) => !passed(repo, pull.headSha, name, appOfCheck(rules, name)),
  );
  if (missing !== undefined) return blocked(`Required status check "${missing}" is expected.`);
  if (rules.requireUpToDate && !(await repo.git.isAncestor(base, pull.headSha)))
    return { mergeable: true, state: 'behind', refusal: 'Head branch is out of date. Review and try the merge again.' };
  return { mergeable: true, state: 'clean' };
}

/** @param appId only its checks count; undefined: those of any App */
function passed(repo: RepositoryContext, sha: string, name: string, appId: number | undefined): boolean {
  const last = repo.state.checks
    .filter((check) => check.headSha === sha && check.name === name)
    .filter((check) => appId === undefined || check.appId === appId)
    .at(-1);
  return last?.status === 'completed' && ['success', 'neutral', 'skipped'].includes(last.conclusion ?? '');
}
