import { ApiError, notAccessible } from './http-kit.js';
import type { Caller } from './identity.js';
import type { RepositoryContext, SandboxCore } from './sandbox-core.js';

const WORKFLOWS = '.github/workflows/';

/** GitHub's sentence for why a branch takes no direct push; undefined where it does. */
export function directPushRefusal(core: SandboxCore, repo: RepositoryContext, branch: string): string | undefined {
  const rules = core.protection(repo, branch);
  if (!rules) return undefined;
  if (rules.requiredReviews > 0) return 'Changes must be made through a pull request.';
  const [check] = rules.requiredChecks ?? [];
  return check === undefined ? undefined : `Required status check "${check}" is expected.`;
}

/**
 * An App without `workflows: write` brings no new workflow: each one of the commit must stand on some branch already.
 * Looked at when a ref moves, so that no road of building trees goes around it.
 */
export async function requireWorkflows(
  caller: Caller,
  repo: RepositoryContext,
  before: string | undefined,
  after: string,
): Promise<void> {
  if (caller.kind !== 'installation' || caller.app.permissions.workflows === 'write') return;
  const fresh = await workflowsOf(repo, after);
  const heads = (await repo.git.refs('heads')).map(({ sha }) => sha);
  const known = new Set((await Promise.all(heads.map((sha) => workflowsOf(repo, sha)))).flatMap((files) => [...files]));
  const old = await workflowsOf(repo, before ?? (await repo.git.ref(`refs/heads/${repo.seed.defaultBranch}`)) ?? after);
  const names = new Set([...fresh].map((file) => file.split('\0')[0]));
  const lost = [...old].some((file) => !names.has(file.split('\0')[0]));
  if (lost || [...fresh].some((file) => !known.has(file))) throw notAccessible();
}

async function workflowsOf(repo: RepositoryContext, sha: string): Promise<Set<string>> {
  const commit = await repo.git.commit(sha);
  const files = commit ? await repo.git.flatten(commit.tree) : new Map();
  return new Set([...files].filter(([path]) => path.startsWith(WORKFLOWS)).map(([path, { oid }]) => `${path}\0${oid}`));
}

/** Throws where a push of `sha` to the ref is not allowed to this caller. */
export async function requirePush(
  core: SandboxCore,
  caller: Caller,
  repo: RepositoryContext,
  ref: string,
  sha: string,
): Promise<void> {
  const before = await repo.git.ref(ref);
  if (before !== undefined && ref.startsWith('refs/heads/')) {
    const refusal = directPushRefusal(core, repo, ref.slice('refs/heads/'.length));
    if (refusal) throw new ApiError(422, `Protected branch update failed for ${ref}.\n\n${refusal}`);
  }
  await requireWorkflows(caller, repo, before, sha);
}
