import { randomBytes } from 'node:crypto';

export type Level = 'read' | 'write' | 'admin';
/** Permission names of GitHub Apps that the sandbox knows. */
export type Permission =
  | 'actions'
  | 'administration'
  | 'checks'
  | 'contents'
  | 'issues'
  | 'metadata'
  | 'pull_requests'
  | 'statuses'
  | 'workflows';

/** A person. `token` is a personal access token of this sandbox; `email` maps commits to the person as GitHub does. */
export interface SeedUser {
  id: number;
  login: string;
  name?: string;
  email?: string;
  token: string;
}

/** A GitHub App, installed on every seeded repository. Give `publicKey` (PEM, RSA) for JWT sign-in, `token` for a fixed installation token, or both. */
export interface SeedApp {
  id: number;
  slug: string;
  botId: number;
  installationId: number;
  publicKey?: string;
  token?: string;
  permissions: Partial<Record<Permission, Level>>;
}

export interface SeedProtection {
  requiredReviews: number;
  requiredChecks?: string[];
  dismissStaleReviews?: boolean;
  requireUpToDate?: boolean;
  requireCodeOwners?: boolean;
  /** App from which the required checks are taken; any where it is not given. */
  checkAppId?: number;
  /** The same for single checks, by name. */
  checkApps?: Record<string, number>;
  /** Administrators may go past the rules. */
  adminsMayPass?: boolean;
}

/** App from which a required check is taken; undefined: from any. */
export const appOfCheck = ({ checkApps, checkAppId }: SeedProtection, name: string): number | undefined =>
  checkApps?.[name] ?? checkAppId;

/** A ruleset of a repository. The sandbox tells it; what it enforces is `protection`. */
export interface SeedRuleset {
  id: number;
  name: string;
  target: 'branch' | 'tag';
  enforcement?: 'active' | 'evaluate' | 'disabled';
  /** Patterns such as `refs/heads/main`, `~DEFAULT_BRANCH`, `refs/tags/planwarden/**`. */
  include: string[];
  exclude?: string[];
  /** As GitHub's API writes them: `{ type, parameters }`. */
  rules: { type: string; parameters?: Record<string, unknown> }[];
  /** Ids of Apps that may go past it. */
  bypassApps?: number[];
}

/** A repository owned by an organisation. `files` become its first commit. */
export interface SeedRepository {
  id: number;
  owner: { id: number; login: string };
  name: string;
  defaultBranch: string;
  files: Record<string, string>;
  protection?: Record<string, SeedProtection>;
  rulesets?: SeedRuleset[];
  allowAutoMerge?: boolean;
  collaborators: Record<string, Level>;
  /** Environments of workflows by name, with what their jobs may read. */
  environments?: Record<string, SeedEnvironment>;
}

export interface SeedEnvironment {
  variables: Record<string, string>;
  secrets: Record<string, string>;
  /** Patterns of the branches and tags whose jobs may use it; absent: any. */
  admits?: { type: 'branch' | 'tag'; name: string }[];
}

export interface SandboxSeed {
  users: SeedUser[];
  apps: SeedApp[];
  repositories: SeedRepository[];
}

export interface DefaultSeedOptions {
  files?: Record<string, string>;
  requiredReviews?: number;
  protection?: Partial<SeedProtection>;
  users?: SeedUser[];
  author?: { publicKey?: string; token?: string };
  release?: { publicKey?: string; token?: string };
  environments?: Record<string, SeedEnvironment>;
}

const token = (prefix: string): string => `${prefix}_${randomBytes(18).toString('hex')}`;

/**
 * One repository `platform/infrastructure` with a protected `main`, the people `operator` and `reviewer`, the Apps `author` and `release`.
 * Tokens that are not given are random: read them from the answer, and hand them in again after a restart to keep them.
 */
export function defaultSeed(options: DefaultSeedOptions = {}): SandboxSeed {
  const users = options.users ?? [
    { id: 1001, login: 'operator', name: 'Olga Operator', email: 'operator@example.test', token: token('ghp') },
    { id: 1002, login: 'reviewer', name: 'Ravi Reviewer', email: 'reviewer@example.test', token: token('ghp') },
  ];
  return {
    users,
    apps: [
      {
        id: 501,
        slug: 'planwarden-author',
        botId: 9001,
        installationId: 7001,
        permissions: { contents: 'write', pull_requests: 'write', issues: 'write', metadata: 'read' },
        ...(options.author ?? { token: token('ghs') }),
      },
      {
        id: 502,
        slug: 'planwarden-release',
        botId: 9002,
        installationId: 7002,
        permissions: {
          actions: 'write',
          administration: 'read',
          checks: 'write',
          contents: 'write',
          metadata: 'read',
          pull_requests: 'write',
        },
        ...(options.release ?? { token: token('ghs') }),
      },
    ],
    repositories: [
      {
        id: 300001,
        owner: { id: 2001, login: 'platform' },
        name: 'infrastructure',
        defaultBranch: 'main',
        files: { 'README.md': '# Infrastructure\n\nChanges arrive by pull request.\n', ...options.files },
        protection: { main: { requiredReviews: options.requiredReviews ?? 1, ...options.protection } },
        collaborators: Object.fromEntries(users.map((user) => [user.login, 'write' as const])),
        environments: options.environments ?? {},
      },
    ],
  };
}
