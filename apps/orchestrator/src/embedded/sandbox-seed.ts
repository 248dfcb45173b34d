import { createHash } from 'node:crypto';
import type { ManifestTarget, Target } from '@planwarden/contracts';
import type { SandboxSeed, SeedApp, SeedEnvironment, SeedUser } from '@planwarden/sandbox-github';
import { APP_PERMISSIONS } from '@planwarden/source-control';
import { CHECK_NAME } from '../change/steps/publish-evidence.step.js';
import { shippedWorkflows } from '../change/terraform/actions/workflow-files.js';
import type { LoadedConfig } from '../config.js';
import { terraformFolders } from '../terraform-runners.js';
import type { EmbeddedSecrets } from './secrets.js';

/** GitHub ids under which our Apps act at the sandbox. */
export const AUTHOR_BOT_ID = 9001;
export const RELEASE_BOT_ID = 9002;
/**
 * The release App's installation, another one for each sandbox, as at GitHub: while a token is on its way, Octokit gives it
 * to every client of the process that names the same installation.
 */
export const releaseInstallation = ({ releaseKey }: Pick<EmbeddedSecrets, 'releaseKey'>): number =>
  createHash('sha256').update(releaseKey.publicKey).digest().readUInt32BE();
const ARGOCD_READER = { id: 1900, login: 'argocd-reader' };

/** What tests change of the sandbox GitHub. */
export interface SeedOptions {
  /** Reviews that the base branch itself demands. Default 0: then a vote in our own pages is enough. */
  readonly requiredReviews?: number;
  /** More accounts with write access; one with a person's GitHub id stands in place of that account. */
  readonly users?: readonly SeedUser[];
  /** More Apps, installed on every repository. */
  readonly apps?: readonly SeedApp[];
  /** More files of the first commit, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The sandbox GitHub of an installation: its people, its two Apps, the repositories of its targets. */
export function sandboxSeed(
  config: Pick<LoadedConfig, 'people' | 'targets' | 'dataFolder'>,
  secrets: EmbeddedSecrets,
  { requiredReviews = 0, users: more = [], apps = [], files = {} }: SeedOptions = {},
): SandboxSeed {
  const isReplaced = (id: number): boolean =>
    [...more, ...apps.map((app) => ({ id: app.botId }))].some((one) => one.id === id);
  const users = [
    ...more,
    ...config.people
      .filter((person) => !isReplaced(person.github.id))
      .map((person) => ({
        id: person.github.id,
        login: person.github.login,
        name: person.name,
        email: `${person.github.login}@example.test`,
        token: secrets.people[person.github.login] ?? '',
      })),
    { ...ARGOCD_READER, name: 'Argo CD', email: 'argocd@example.test', token: secrets.gitReader },
  ];
  const names = [...new Set(config.targets.map(({ repository }) => `${repository.owner}/${repository.name}`))];
  const owners = [...new Set(names.map((name) => name.split('/')[0] ?? ''))];
  return {
    users,
    apps: [
      {
        id: 501,
        slug: 'planwarden-author',
        botId: AUTHOR_BOT_ID,
        installationId: 7001,
        token: secrets.authorToken,
        permissions: { ...APP_PERMISSIONS.author },
      },
      {
        id: 502,
        slug: 'planwarden-release',
        botId: RELEASE_BOT_ID,
        installationId: releaseInstallation(secrets),
        publicKey: secrets.releaseKey.publicKey,
        permissions: { ...APP_PERMISSIONS.release },
      },
      ...apps,
    ],
    repositories: names.map((full, index) => {
      const [login = '', name = ''] = full.split('/');
      const targets = config.targets.filter(({ repository }) => `${repository.owner}/${repository.name}` === full);
      return {
        id: 300_001 + index,
        owner: { id: 2001 + owners.indexOf(login), login },
        name,
        defaultBranch: targets[0]?.baseBranch ?? 'main',
        files: { ...firstFiles(targets), ...files },
        // The check is ours: a merge that skips it answers 405, whoever asks.
        protection: Object.fromEntries(
          targets.map((target) => [target.baseBranch, { requiredReviews, requiredChecks: [CHECK_NAME] }]),
        ),
        environments: environmentsOf(targets, secrets, config.dataFolder),
        collaborators: Object.fromEntries(
          users.map((user) => [
            user.login,
            user.login === ARGOCD_READER.login ? ('read' as const) : ('write' as const),
          ]),
        ),
      };
    }),
  };
}

/** What the jobs of the shipped workflows may read. Only here is a state a folder: sandbox and worker share a machine. */
function environmentsOf(
  targets: readonly Target[],
  { sealing, applySealing }: EmbeddedSecrets,
  dataFolder: string,
): Record<string, SeedEnvironment> {
  const variables = {
    PLANWARDEN_ACTOR_ID: String(RELEASE_BOT_ID),
    PLANWARDEN_STATE_FOLDER: terraformFolders(dataFolder).states,
  };
  const keys = { PLANWARDEN_PLAN_KEYS: `${sealing.publicKey} ${applySealing.publicKey}` };
  return Object.fromEntries(
    // Of every environment: a stack that runs here may be added later.
    targets.flatMap(({ environment }) => [
      [`planwarden-plan-${environment}`, { variables: { ...variables, ...keys }, secrets: {} }],
      [`planwarden-apply-${environment}`, { variables, secrets: { PLANWARDEN_APPLY_KEY: applySealing.privateKey } }],
    ]),
  );
}

function firstFiles(targets: readonly Target[]): Record<string, string> {
  return {
    'README.md': '# Infrastructure\n\nChanges arrive by pull request.\n',
    ...shippedWorkflows(),
    ...Object.fromEntries(
      targets.map((target) =>
        target.kind === 'manifests'
          ? [`${target.argocd.rootPath}/README.md`, `# Applications of ${target.name}\n\nArgo CD reads this folder.\n`]
          : [`${target.path}/README.md`, `# Stack ${target.stack}\n\nTerraform reads this folder.\n`],
      ),
    ),
  };
}

/** The application under which every other of the target stands; the operator's, never a run's. */
export function rootApplication({ argocd, baseBranch }: ManifestTarget) {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: argocd.rootApplication, namespace: argocd.namespace },
    spec: {
      project: argocd.project,
      source: {
        repoURL: argocd.repoUrl,
        targetRevision: baseBranch,
        path: argocd.rootPath,
        directory: { recurse: true },
      },
      destination: { server: argocd.destination.server, namespace: argocd.namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
}
