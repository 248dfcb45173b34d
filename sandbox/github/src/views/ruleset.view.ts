import type { Json } from '../http-kit.js';
import type { Caller } from '../identity.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { SeedRuleset } from '../seed.js';
import { EPOCH, nodeId } from './account.view.js';
import { repositoryUrl } from './repository.view.js';

/** A ruleset in a list; `detail` adds conditions, rules and whether the caller may go past them. */
export function rulesetView(
  core: SandboxCore,
  repo: RepositoryContext,
  ruleset: SeedRuleset,
  detail?: { readonly caller: Caller },
): Json {
  const url = `${repositoryUrl(core, repo)}/rulesets/${ruleset.id}`;
  return {
    id: ruleset.id,
    node_id: nodeId('RepositoryRuleset', ruleset.id),
    name: ruleset.name,
    target: ruleset.target,
    source_type: 'Repository',
    source: repo.fullName,
    enforcement: ruleset.enforcement ?? 'active',
    created_at: EPOCH,
    updated_at: EPOCH,
    _links: { self: { href: url }, html: { href: `${core.url}/${repo.fullName}/rules/${ruleset.id}` } },
    ...(detail
      ? {
          conditions: { ref_name: { include: ruleset.include, exclude: ruleset.exclude ?? [] } },
          rules: ruleset.rules,
          current_user_can_bypass: mayPass(ruleset, detail.caller) ? 'always' : 'never',
        }
      : {}),
  };
}

const mayPass = ({ bypassApps = [] }: SeedRuleset, caller: Caller): boolean =>
  caller.kind === 'installation' && bypassApps.includes(caller.app.id);

/** The rules of active rulesets that hold for a branch, each with its source. */
export const branchRules = (repo: RepositoryContext, branch: string): Json[] =>
  (repo.seed.rulesets ?? [])
    .filter(({ target, enforcement }) => target === 'branch' && (enforcement ?? 'active') === 'active')
    .filter(({ include }) => covers(include, branch, repo.seed.defaultBranch))
    .flatMap((ruleset) =>
      ruleset.rules.map((rule) => ({
        ...rule,
        ruleset_source_type: 'Repository',
        ruleset_source: repo.fullName,
        ruleset_id: ruleset.id,
      })),
    );

const covers = (include: readonly string[], branch: string, standard: string): boolean =>
  include.includes('~ALL') ||
  include.includes(`refs/heads/${branch}`) ||
  (branch === standard && include.includes('~DEFAULT_BRANCH'));
