import { type Connection, findAtGitHub } from './github-connection.js';

/** What guards a branch, from rulesets and classic protection together. */
export interface BranchGuards {
  /** Whether there is any rule at all. */
  readonly isSeen: boolean;
  readonly pullRequest: boolean;
  readonly reviews: number;
  readonly codeOwners: boolean;
  readonly checks: readonly { readonly name: string; readonly appId: number | null }[];
  readonly noForcePush: boolean;
  readonly noDeletion: boolean;
  /** An administrator, or the release App itself, may go past some of the rules. */
  readonly canBePassed: boolean;
}

interface Rule {
  readonly type: string;
  readonly ruleset_id?: number | undefined;
  readonly parameters?: unknown;
}

export async function readBranchGuards(connection: Connection, branch: string): Promise<BranchGuards> {
  const { octokit, repo } = connection;
  const classic = await readClassic(connection, branch);
  const rules: Rule[] = await octokit.paginate(octokit.rest.repos.getBranchRules, { ...repo, branch, per_page: 100 });
  const has = (type: string): boolean => rules.some((rule) => rule.type === type);
  const asked = rules.filter((rule) => rule.type === 'pull_request').map((rule) => fields(rule.parameters));
  const checks = rules
    .filter((rule) => rule.type === 'required_status_checks')
    .flatMap((rule) => fields(rule.parameters).required_status_checks)
    .map(fields);
  const sources = [...new Set(rules.flatMap(({ ruleset_id }) => ruleset_id ?? []))];
  const bypasses = await Promise.all(sources.map((id) => bypassOf(connection, id)));
  return {
    isSeen: rules.length > 0 || classic !== null,
    pullRequest: asked.length > 0 || (classic?.pullRequest ?? false),
    reviews: Math.max(classic?.reviews ?? 0, ...asked.map((one) => Number(one.required_approving_review_count ?? 0))),
    codeOwners: (classic?.codeOwners ?? false) || asked.some((one) => one.require_code_owner_review === true),
    checks: [
      ...(classic?.checks ?? []),
      ...checks.map((check) => ({
        name: String(check.context),
        appId: typeof check.integration_id === 'number' ? check.integration_id : null,
      })),
    ],
    noForcePush: has('non_fast_forward') || (classic?.noForcePush ?? false),
    noDeletion: has('deletion') || (classic?.noDeletion ?? false),
    canBePassed: (classic?.canBePassed ?? false) || bypasses.some((bypass) => bypass !== 'never'),
  };
}

async function readClassic(
  { octokit, repo }: Connection,
  branch: string,
): Promise<Omit<BranchGuards, 'isSeen'> | null> {
  const found = await findAtGitHub(
    'reading the branch protection',
    async () => (await octokit.rest.repos.getBranchProtection({ ...repo, branch })).data,
  );
  if (found === null) return null;
  const reviews = found.required_pull_request_reviews;
  return {
    pullRequest: reviews !== undefined,
    reviews: reviews?.required_approving_review_count ?? 0,
    codeOwners: reviews?.require_code_owner_reviews ?? false,
    checks: (found.required_status_checks?.checks ?? []).map(({ context, app_id }) => ({
      name: context,
      appId: app_id,
    })),
    noForcePush: found.allow_force_pushes?.enabled === false,
    noDeletion: found.allow_deletions?.enabled === false,
    canBePassed: found.enforce_admins?.enabled !== true,
  };
}

/** Whether the release App, which asks, may go past a ruleset; what GitHub does not say is taken for yes. */
async function bypassOf({ octokit, repo }: Connection, ruleset_id: number): Promise<string> {
  const found = await findAtGitHub(
    'reading a ruleset',
    async () => (await octokit.rest.repos.getRepoRuleset({ ...repo, ruleset_id })).data,
  );
  return found?.current_user_can_bypass ?? 'always';
}

/** A tag of ours, as a ruleset's pattern must cover it. */
const OUR_TAGS = ['refs/tags/planwarden/**', 'refs/tags/planwarden/**/*', 'refs/tags/**', 'refs/tags/**/*', '~ALL'];

/** Tags below planwarden/ stand under a ruleset that lets only the asking App past its three rules. */
export async function readTagGuards({ octokit, repo }: Connection): Promise<{ readonly onlyOurs: boolean }> {
  const listed = await octokit.paginate(octokit.rest.repos.getRepoRulesets, { ...repo, targets: 'tag', per_page: 100 });
  for (const { id, target, enforcement } of listed) {
    if (target !== 'tag' || enforcement !== 'active') continue;
    const { data } = await octokit.rest.repos.getRepoRuleset({ ...repo, ruleset_id: id });
    const conditions = fields(data.conditions).ref_name;
    const { include, exclude } = fields(conditions);
    const covers = Array.isArray(include) && include.some((pattern) => OUR_TAGS.includes(String(pattern)));
    const leavesOut = Array.isArray(exclude) && exclude.length > 0;
    const types = (data.rules ?? []).map((rule) => rule.type as string);
    const isWhole = ['creation', 'update', 'deletion'].every((type) => types.includes(type));
    if (covers && !leavesOut && isWhole && data.current_user_can_bypass === 'always') return { onlyOurs: true };
  }
  return { onlyOurs: false };
}

/** Tags of applies, as the patterns of an environment may name them. */
const OUR_RUNS = ['planwarden/run/*/*', 'planwarden/run/**', 'planwarden/**', 'planwarden/**/*'];

/**
 * Whether both environments are there and that of the apply, which holds what opens a sealed plan, admits jobs of our tags
 * and of nothing else.
 */
export async function readEnvironments(
  { octokit, repo }: Connection,
  { plan, apply }: { readonly plan: string; readonly apply: string },
): Promise<boolean> {
  const find = (environment_name: string) =>
    findAtGitHub(
      'reading an environment',
      async () => (await octokit.rest.repos.getEnvironment({ ...repo, environment_name })).data,
    );
  const applies = await find(apply);
  if (applies === null || (await find(plan)) === null) return false;
  // Without a policy, or with one for protected branches, a branch may deploy.
  if (applies.deployment_branch_policy?.custom_branch_policies !== true) return false;
  const admitted = await octokit.paginate(octokit.rest.repos.listDeploymentBranchPolicies, {
    ...{ ...repo, environment_name: apply, per_page: 100 },
  });
  return admitted.length > 0 && admitted.every(({ type, name }) => type === 'tag' && OUR_RUNS.includes(name ?? ''));
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
