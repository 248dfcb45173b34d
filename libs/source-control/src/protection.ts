import { atGitHub, type Connection } from './github-connection.js';
import { readBranchGuards, readEnvironments, readTagGuards } from './protection-reads.js';
import type { repositoryReads } from './repository-reads.js';

/** What a repository must have before anything is released into it, by name and in the order in which it is told. */
export const PROTECTION_REQUIREMENTS = {
  'pull-request': 'the base branch changes only by pull request',
  reviews: "the base branch demands at least as many approving reviews as the target's quorum",
  'our-check': 'the base branch demands our check, and takes it from the release App alone',
  'no-force-push': 'the history of the base branch cannot be rewritten',
  'no-deletion': 'the base branch cannot be deleted',
  'no-bypass': 'nobody goes past these rules, neither administrators nor the release App',
  'no-auto-merge': 'GitHub merges nothing by itself',
  'tags-only-ours': 'tags below planwarden/ are made, moved and deleted by the release App alone',
  environments: 'the environments of the jobs are there, and that of the apply admits our tags alone',
  'code-owners': 'where the base branch asks for code owners, a CODEOWNERS file names them',
} as const;
export type ProtectionRequirement = keyof typeof PROTECTION_REQUIREMENTS;

export interface ProtectionAsked {
  readonly branch: string;
  /** Approving votes that the target asks for. */
  readonly quorum: number;
  /** Name of the check run that carries our verdict. */
  readonly checkName: string;
  /** Names of the environments in which GitHub Actions plans and applies; null where it does neither. */
  readonly environments: { readonly plan: string; readonly apply: string } | null;
}

export interface ProtectionFinding {
  readonly name: ProtectionRequirement;
  readonly isMet: boolean;
}

const CODE_OWNERS = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'];

/**
 * Reads rulesets and branch protection as they are now and says of each requirement whether it is met. What cannot be
 * seen is not met. Either of GitHub's two ways of protecting a branch will do.
 * @param releaseAppId null: then no check can be said to be ours
 */
export function protectionReads(
  connection: Connection,
  reads: ReturnType<typeof repositoryReads>,
  releaseAppId: number | null,
) {
  const { octokit, repo } = connection;
  return ({ branch, quorum, checkName, environments }: ProtectionAsked): Promise<ProtectionFinding[]> =>
    atGitHub('reading the protection of the repository', async () => {
      const rules = await readBranchGuards(connection, branch);
      const tags = await readTagGuards(connection);
      const about = (await octokit.rest.repos.get(repo)).data;
      const met: Record<ProtectionRequirement, boolean> = {
        'pull-request': rules.pullRequest,
        reviews: rules.reviews >= quorum,
        'our-check': rules.checks.some(
          ({ name, appId }) => name === checkName && appId === releaseAppId && appId !== null,
        ),
        'no-force-push': rules.noForcePush,
        'no-deletion': rules.noDeletion,
        'no-bypass': rules.isSeen && !rules.canBePassed,
        'no-auto-merge': about.allow_auto_merge === false,
        'tags-only-ours': tags.onlyOurs,
        environments: environments === null || (await readEnvironments(connection, environments)),
        'code-owners': !rules.codeOwners || (await namesCodeOwners(branch)),
      };
      const all = Object.keys(PROTECTION_REQUIREMENTS) as ProtectionRequirement[];
      const names = all.filter((name) => name !== 'environments' || environments !== null);
      return names.map((name) => ({ name, isMet: met[name] }));
    });

  async function namesCodeOwners(branch: string): Promise<boolean> {
    const tip = await reads.branchHead(branch);
    return tip !== null && (await reads.filesAt(tip)).some(({ path }) => CODE_OWNERS.includes(path));
  }
}
