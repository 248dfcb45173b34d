import { atGitHub, type Connection, findAtGitHub } from './github-connection.js';
import type { repositoryReads } from './repository-reads.js';

/** Conclusions that GitHub takes for passed. */
const GREEN: readonly string[] = ['success', 'neutral', 'skipped'];

interface RequiredChecks {
  readonly contexts: readonly string[];
  readonly checks: readonly { readonly context: string; readonly app_id: number | null }[];
}

/** Each with the App it is taken from; null: from any, which GitHub also writes as -1. */
function requiredChecks(rules: Partial<RequiredChecks> = {}): { name: string; appId: number | null }[] {
  const { checks = [], contexts = [] } = rules;
  const byApp = checks.map(({ context, app_id }) => ({
    name: context,
    appId: app_id === null || app_id < 0 ? null : app_id,
  }));
  const others = contexts.filter((name) => !checks.some(({ context }) => context === name));
  return [...byApp, ...others.map((name) => ({ name, appId: null }))];
}

async function missingChecks(
  { octokit, repo }: Connection,
  sha: string,
  required: ReturnType<typeof requiredChecks>,
): Promise<string[]> {
  const missing: string[] = [];
  for (const { name, appId } of required) {
    const runs = await octokit.paginate(octokit.rest.checks.listForRef, {
      ...{ ...repo, ref: sha, check_name: name },
      ...(appId === null ? {} : { app_id: appId }),
    });
    if (runs.some(({ conclusion }) => conclusion !== null && GREEN.includes(conclusion))) continue;
    const by = appId === null ? '' : `, by the App with id ${appId} that the base branch takes it from`;
    missing.push(`a required check on the evidence commit${by}`);
  }
  return missing;
}

/** Would GitHub take the merge of this commit now? Names what is missing; empty means it would. */
export function mergeAcceptance({ octokit, repo }: Connection, reads: ReturnType<typeof repositoryReads>) {
  return (number: number, sha: string): Promise<{ missing: string[] }> =>
    atGitHub('asking whether GitHub would merge', async () => {
      const { data } = await octokit.rest.pulls.get({ ...repo, pull_number: number });
      const missing: string[] = [];
      if (data.draft) missing.push('the PR is a draft');
      if (data.head.sha !== sha) missing.push('the head is another commit');
      if (data.mergeable === null) missing.push('GitHub has not worked out yet whether the PR can be merged');
      if (data.mergeable === false) missing.push('the PR conflicts with the base branch');
      const branch = data.base.ref;
      const rules = await findAtGitHub(
        'reading the branch protection',
        async () => (await octokit.rest.repos.getBranchProtection({ ...repo, branch })).data,
      );
      const demanded = rules?.required_pull_request_reviews?.required_approving_review_count ?? 0;
      if (demanded > 0) {
        const latest = new Map<number, string>();
        for (const review of await reads.reviews(number)) {
          if (review.user && review.state !== 'COMMENTED') latest.set(review.user.id, review.state);
        }
        const states = [...latest.values()];
        const lacking = demanded - states.filter((state) => state === 'APPROVED').length;
        if (lacking > 0) missing.push(`${lacking} approving review(s) that the base branch demands`);
        if (states.includes('CHANGES_REQUESTED')) missing.push('a review that asks for changes stands');
      }
      missing.push(...(await missingChecks({ octokit, repo }, sha, requiredChecks(rules?.required_status_checks))));
      if (missing.length === 0 && data.mergeable_state === 'blocked') missing.push("the base branch's rules block it");
      return { missing };
    });
}
