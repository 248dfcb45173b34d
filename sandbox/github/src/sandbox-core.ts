import { join } from 'node:path';
import type { Log } from '@planwarden/contracts';
import { ArtifactStore } from './actions/artifact-store.js';
import { WorkflowRuns } from './actions/workflow-runs.js';
import { Contract } from './contract.js';
import { Faults } from './control.js';
import { type GitCommit, type GitPerson, GitStore } from './git-store.js';
import { ApiError, type Needs, notAccessible, notFound } from './http-kit.js';
import { type Account, type Caller, Identities } from './identity.js';
import type { Level, SandboxSeed, SeedProtection, SeedRepository } from './seed.js';
import { type RepositoryState, StateStore } from './state-store.js';
import { StorageLinks } from './storage-links.js';
import { WebhookSender } from './webhook-sender.js';

export interface RepositoryContext {
  seed: SeedRepository;
  fullName: string;
  git: GitStore;
  state: RepositoryState;
}

const RANK: Record<Level, number> = { read: 1, write: 2, admin: 3 };

/** What every route works with. One instance a sandbox; writes go through `exclusively`. */
export class SandboxCore {
  url = '';
  readonly contract = new Contract();
  readonly faults = new Faults();
  readonly identities: Identities;
  readonly webhooks: WebhookSender;
  readonly actions: WorkflowRuns;
  readonly storage: StorageLinks;
  private readonly repositories = new Map<string, RepositoryContext>();
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly seed: SandboxSeed,
    readonly store: StateStore,
    readonly log: Log,
    parts: { readonly dataFolder: string; readonly programs: Readonly<Record<string, string>> },
  ) {
    this.actions = new WorkflowRuns(this, new ArtifactStore(this, join(parts.dataFolder, 'actions')), parts.programs);
    this.storage = new StorageLinks(
      () => this.url,
      () => this.now(),
    );
    this.identities = new Identities(seed, store, () => this.now());
    this.webhooks = new WebhookSender(this.contract, this.faults, log);
  }

  static async open(input: {
    dataFolder: string;
    seed: SandboxSeed;
    log: Log;
    programs: Readonly<Record<string, string>>;
  }): Promise<SandboxCore> {
    const core = new SandboxCore(input.seed, await StateStore.open(input.dataFolder), input.log, input);
    for (const seed of input.seed.repositories) {
      const fullName = `${seed.owner.login}/${seed.name}`;
      const git = await GitStore.open(input.dataFolder, seed.owner.login, seed.name, seed.defaultBranch);
      const repo: RepositoryContext = { seed, fullName, git, state: core.store.repository(fullName) };
      core.repositories.set(fullName.toLowerCase(), repo);
      if ((await git.ref(`refs/heads/${seed.defaultBranch}`)) === undefined) await core.plant(repo);
    }
    await core.store.save();
    return core;
  }

  /** Of this GitHub's clock before that of the machine, in milliseconds. */
  aheadMs = 0;
  now(): Date {
    return new Date(Date.now() + this.aheadMs);
  }

  repository(owner: string, name: string): RepositoryContext {
    const found = this.repositories.get(`${owner}/${name}`.toLowerCase());
    if (!found) throw notFound();
    return found;
  }
  allRepositories(): RepositoryContext[] {
    return [...this.repositories.values()];
  }
  protection(repo: RepositoryContext, branch: string): SeedProtection | undefined {
    return repo.seed.protection?.[branch];
  }
  role(repo: RepositoryContext, account: Account): Level | undefined {
    return account.type === 'User' ? repo.seed.collaborators[account.login] : undefined;
  }

  /** Throws what GitHub answers to one who may not: 404 to strangers, 403 with its sentence to Apps. */
  requireAccess(caller: Caller, repo: RepositoryContext, needs: Needs): void {
    if (caller.kind === 'installation') {
      const held = caller.app.permissions;
      const enough = needs.find(([name, level]) => {
        const own = held[name];
        return own !== undefined && RANK[own] >= RANK[level];
      });
      if (needs.length > 0 && !enough) throw notAccessible();
      if (enough) this.faults.permissions.add(`${caller.app.slug} ${enough[0]}:${enough[1]}`);
      return;
    }
    if (caller.kind !== 'user') throw new ApiError(401, 'Requires authentication');
    const role = this.role(repo, caller.account);
    if (!role) throw notFound();
    // Checks are written by Apps alone, whatever a person's role.
    if (needs.some(([name, level]) => name === 'checks' && level !== 'read'))
      throw new ApiError(403, 'You must authenticate via a GitHub App.');
    for (const [name, level] of needs) {
      const least = name === 'administration' ? 'admin' : opensToReaders(name) ? 'read' : level;
      if (RANK[role] < RANK[least]) throw new ApiError(403, 'Must have admin rights to Repository.');
    }
  }

  /** One writer at a time: what a route reads is still true when it writes. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const run = this.tail.then(work, work);
    this.tail = run.catch(() => undefined);
    return run;
  }

  person(account: Account): GitPerson {
    return {
      name: account.name,
      email: account.email,
      timestamp: Math.floor(this.now().getTime() / 1000),
      timezoneOffset: 0,
    };
  }

  /** A commit by short name, branch, tag or SHA; 404 where there is none. */
  async resolve(repo: RepositoryContext, ref: string): Promise<GitCommit> {
    const name = ref.replace(/^refs\//, '');
    const sha =
      (await repo.git.ref(`refs/${name}`)) ??
      (await repo.git.ref(`refs/heads/${name}`)) ??
      (await repo.git.ref(`refs/tags/${name}`)) ??
      ref;
    const commit = await repo.git.commit(sha);
    if (!commit) throw new ApiError(404, `No commit found for SHA: ${ref.slice(0, 80)}`);
    return commit;
  }

  private async plant(repo: RepositoryContext): Promise<void> {
    const files = new Map<string, { mode: string; oid: string }>();
    for (const [path, content] of Object.entries(repo.seed.files))
      files.set(path, { mode: '100644', oid: await repo.git.writeBlob(Buffer.from(content)) });
    const first = this.seed.users[0];
    const account = first ? this.identities.byId(first.id) : this.identities.byId(repo.seed.owner.id);
    const who = this.person(account);
    const tree = await repo.git.writeFlat(files);
    const sha = await repo.git.writeCommit({ tree, parents: [], message: 'Begin', author: who, committer: who });
    await repo.git.setRef(`refs/heads/${repo.seed.defaultBranch}`, sha);
  }
}

/** On GitHub anyone who can read may comment, review and open a pull request. */
const opensToReaders = (name: string): boolean => name === 'issues' || name === 'metadata';
