import { PlanwardenError } from '@planwarden/contracts';
import { newLinesOf } from './diff-lines.js';
import { atGitHub, type Connection, findAtGitHub } from './github-connection.js';
import { ObjectCache } from './object-cache.js';

/** Trees, commits and files kept at most; one run reads a few dozen. */
const MOST_OBJECTS = 400;

export interface CommitFacts {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly tree: string;
  readonly message: string;
}
export interface TreeFile {
  readonly path: string;
  readonly mode: string;
  readonly blobSha: string;
}
export interface ComparedCommit {
  readonly sha: string;
  readonly authorGithubId: number | null;
  readonly committerGithubId: number | null;
  /** GitHub's id of it for `coAuthors`; null where its message names nobody besides its author. */
  readonly sharedNodeId: string | null;
}
export interface Comparison {
  readonly mergeBase: string;
  readonly commits: readonly ComparedCommit[];
}
export interface PullRequestView {
  readonly number: number;
  readonly state: 'open' | 'closed' | 'merged';
  readonly isDraft: boolean;
  readonly headSha: string;
  readonly headBranch: string;
  readonly baseBranch: string;
  /** Who opened it. */
  readonly authorGithubId: number | null;
  readonly mergeSha: string | null;
  readonly mergedBy: { readonly id: number; readonly login: string } | null;
  readonly body: string;
  readonly nodeId: string;
  readonly url: string;
}

/** Reads of one repository. Every answer comes from GitHub at the call, all pages. */
export function repositoryReads({ octokit, repo }: Connection) {
  const objects = new ObjectCache(MOST_OBJECTS);
  const tree = (sha: string) => objects.get('tree', sha, () => readTree(sha));
  const readTree = async (sha: string) => {
    const { data } = await octokit.rest.git.getTree({ ...repo, tree_sha: sha, recursive: '1' });
    if (data.truncated) {
      throw new PlanwardenError('NOT_SUPPORTED', 'the repository has more files than GitHub lists at once', {
        remedy: 'Use a smaller repository for this target.',
      });
    }
    return data.tree;
  };
  const pullView = async (number: number): Promise<PullRequestView> => {
    const { data } = await octokit.rest.pulls.get({ ...repo, pull_number: number });
    return {
      number: data.number,
      state: data.merged ? 'merged' : data.state === 'open' ? 'open' : 'closed',
      isDraft: data.draft ?? false,
      headSha: data.head.sha,
      headBranch: data.head.ref,
      baseBranch: data.base.ref,
      authorGithubId: idOf(data.user),
      mergeSha: data.merged ? data.merge_commit_sha : null,
      mergedBy: data.merged_by ? { id: data.merged_by.id, login: data.merged_by.login } : null,
      body: data.body ?? '',
      nodeId: data.node_id,
      url: data.html_url,
    };
  };
  return {
    repository: () =>
      atGitHub('reading the repository', async () => ({ id: (await octokit.rest.repos.get(repo)).data.id })),

    /** SHA of a branch's head; null when the branch is not there. */
    branchHead: (branch: string) =>
      findAtGitHub(`reading branch ${branch}`, async () => {
        const { data } = await octokit.rest.git.getRef({ ...repo, ref: `heads/${branch}` });
        return data.object.sha;
      }),

    commit: (sha: string): Promise<CommitFacts> =>
      objects.get('commit', sha, () =>
        atGitHub('reading a commit', async () => {
          const { data } = await octokit.rest.git.getCommit({ ...repo, commit_sha: sha });
          return { sha: data.sha, parents: data.parents.map((p) => p.sha), tree: data.tree.sha, message: data.message };
        }),
      ),

    /** Files at a commit below a path ('' for all), with modes and blob SHAs, sorted by path. */
    filesAt: (sha: string, path = ''): Promise<TreeFile[]> =>
      atGitHub('reading the files of a commit', async () =>
        (await tree(sha))
          .filter((entry) => entry.type !== 'tree' && (path === '' || entry.path.startsWith(`${path}/`)))
          .map((entry) => ({ path: entry.path, mode: entry.mode, blobSha: entry.sha }))
          .sort((a, b) => (a.path < b.path ? -1 : 1)),
      ),

    /** UTF-8 text of a blob. */
    blobText: (blobSha: string): Promise<string> =>
      objects.get('blob', blobSha, () =>
        atGitHub('reading a file', async () => {
          const { data } = await octokit.rest.git.getBlob({ ...repo, file_sha: blobSha });
          return Buffer.from(data.content, data.encoding === 'base64' ? 'base64' : 'utf8').toString('utf8');
        }),
      ),

    /** Tree SHA of a folder at a commit; null when it is absent. */
    subtreeSha: (sha: string, path: string): Promise<string | null> =>
      atGitHub('reading a folder', async () => {
        const entry = (await tree(sha)).find((candidate) => candidate.path === path && candidate.type === 'tree');
        return entry?.sha ?? null;
      }),

    /** Merge base and every commit of base...head. An author who maps to no account is null. */
    compare: (base: string, head: string): Promise<Comparison> =>
      atGitHub('comparing commits', async () => {
        const commits: ComparedCommit[] = [];
        for (let page = 1; ; page += 1) {
          const { data } = await octokit.rest.repos.compareCommitsWithBasehead({
            ...repo,
            basehead: `${base}...${head}`,
            per_page: 100,
            page,
          });
          for (const commit of data.commits) {
            commits.push({
              sha: commit.sha,
              authorGithubId: idOf(commit.author),
              committerGithubId: idOf(commit.committer),
              sharedNodeId: CO_AUTHORED.test(commit.commit.message) ? commit.node_id : null,
            });
          }
          if (commits.length >= data.total_commits || data.commits.length === 0) {
            if (commits.length !== data.total_commits) throw incomplete();
            return { mergeBase: data.merge_base_commit.sha, commits };
          }
        }
      }),

    /** GitHub ids of all whom commits name as authors, those of their trailers too; null for who maps to no account. */
    coAuthors: (nodeIds: readonly string[]): Promise<(number | null)[]> =>
      atGitHub('reading who wrote a commit together', async () => {
        const found: (number | null)[] = [];
        for (const id of nodeIds) {
          const { node } = await octokit.graphql<{ node: SharedCommit | null }>(
            `query($id: ID!) { node(id: $id) { ... on Commit {
               authors(first: 100) { totalCount nodes { user { databaseId } } } } } }`,
            { id },
          );
          const { totalCount = 1, nodes = [] } = node?.authors ?? {};
          found.push(...nodes.map(({ user }) => user?.databaseId ?? null));
          if (totalCount !== nodes.length) found.push(null);
        }
        return found;
      }),

    /** GitHub ids of everybody who ever pushed to a branch, whatever names stand in the commits; null for an account gone. */
    pushers: (branch: string): Promise<(number | null)[]> =>
      atGitHub('reading who pushed', async () => {
        const all = await octokit.paginate(octokit.rest.repos.listActivities, {
          ...{ ...repo, ref: `refs/heads/${branch}`, per_page: 100 },
        });
        return [...new Set(all.map(({ actor }) => actor?.id ?? null))];
      }),

    pullRequest: (number: number): Promise<PullRequestView> => atGitHub(`reading PR ${number}`, () => pullView(number)),

    /** As `pullRequest`, or null where there is none with this number. */
    findPullRequestNumbered: (number: number): Promise<PullRequestView | null> =>
      findAtGitHub(`reading PR ${number}`, () => pullView(number)),

    /** Changed files of a PR at its head, all pages, with the lines of the new side that its diff shows. */
    shownLines: (number: number): Promise<ReadonlyMap<string, ReadonlySet<number>>> =>
      atGitHub(`reading the diff of PR ${number}`, async () => {
        const files = await octokit.paginate(octokit.rest.pulls.listFiles, {
          ...{ ...repo, pull_number: number, per_page: 100 },
        });
        return new Map(files.map(({ filename, patch }) => [filename, newLinesOf(patch ?? '')]));
      }),

    /** The PR of a branch, open or not; EFFECT_DOUBLE when there is more than one. */
    findPullRequest: (headBranch: string): Promise<PullRequestView | null> =>
      atGitHub('looking for the PR of a branch', async () => {
        const head = `${repo.owner}:${headBranch}`;
        const { data } = await octokit.rest.pulls.list({ ...repo, head, state: 'all', per_page: 100 });
        const own = data.filter((pull) => pull.head.ref === headBranch);
        if (own.length > 1) {
          throw new PlanwardenError('EFFECT_DOUBLE', 'the branch of the run has more than one PR', {
            remedy: 'Close the PR that is not of the run, then retry.',
          });
        }
        return own[0] ? pullView(own[0].number) : null;
      }),

    /** Numeric id of an account by its name of now; null when nobody has it. */
    accountId: (login: string): Promise<number | null> =>
      findAtGitHub('looking for an account', async () => {
        const { data } = await octokit.rest.users.getByUsername({ username: login });
        return data.type === 'User' ? data.id : null;
      }),

    /** Every review of a PR, oldest first, all pages. */
    reviews: (number: number) =>
      atGitHub(`reading the reviews of PR ${number}`, () =>
        octokit.paginate(octokit.rest.pulls.listReviews, { ...repo, pull_number: number, per_page: 100 }),
      ),

    /** What was dismissed of a PR, and by whom: the list of reviews does not tell what a dismissed one had said. */
    dismissals: (number: number): Promise<Dismissal[]> =>
      atGitHub(`reading the dismissals of PR ${number}`, async () => {
        const all = await octokit.paginate(octokit.rest.issues.listEventsForTimeline, {
          ...{ ...repo, issue_number: number, per_page: 100 },
        });
        return all.flatMap((event) =>
          'dismissed_review' in event && event.event === 'review_dismissed'
            ? [{ review: event.dismissed_review.review_id, was: event.dismissed_review.state, by: event.actor.id }]
            : [],
        );
      }),

    /** How many comments on lines came with a review. */
    commentsOfReview: (number: number, review: number): Promise<number> =>
      atGitHub(`reading the review comments of PR ${number}`, async () => {
        const all = await octokit.paginate(octokit.rest.pulls.listReviewComments, {
          ...{ ...repo, pull_number: number, per_page: 100 },
        });
        return all.filter((comment) => comment.pull_request_review_id === review).length;
      }),
  };
}

/** A trailer of a message, in whatever letters. */
const CO_AUTHORED = /^co-authored-by:/im;

interface SharedCommit {
  readonly authors: {
    readonly totalCount: number;
    readonly nodes: readonly { readonly user: { readonly databaseId: number | null } | null }[];
  };
}

/** A review that somebody dismissed. */
export interface Dismissal {
  readonly review: number;
  /** State it had: `approved`, `changes_requested`. */
  readonly was: string;
  /** GitHub id of who dismissed it. */
  readonly by: number;
}

function idOf(account: object | null): number | null {
  return account !== null && 'id' in account && typeof account.id === 'number' ? account.id : null;
}

function incomplete(): PlanwardenError {
  return new PlanwardenError('OUTSIDE_ANSWER_INVALID', 'GitHub did not list every commit of the branch', {
    remedy: 'Try again; a branch with very many commits is refused.',
  });
}
