import { type Approval, assertFresh, type FreshPorts } from '@planwarden/approvals';
import { PlanwardenError } from '@planwarden/contracts';
import { atGitHub, type Connection, statusOf } from './github-connection.js';
import type { repositoryReads } from './repository-reads.js';

type Reads = ReturnType<typeof repositoryReads>;
const TRAILER = 'Planwarden-Subject';

/** Values of every subject trailer of a commit message: lines of its last paragraph. */
export function subjectTrailers(message: string): string[] {
  const last =
    message
      .trimEnd()
      .split(/\n\s*\n/)
      .at(-1) ?? '';
  return [...last.matchAll(/^Planwarden-Subject: (\S+)$/gm)].map((match) => match[1] ?? '');
}

/**
 * What a vote is about: done before any approval.
 * @param appId of the release App: any App may write checks of our names, and none may change those of another
 */
export function evidenceActs({ octokit, repo }: Connection, reads: Reads, appId: number | null) {
  /** The evidence commit at the branch head, if an earlier attempt made it. */
  const findEvidence = async (branch: string, codeSha: string, digest: string): Promise<string | null> => {
    const head = await reads.branchHead(branch);
    if (head === null || head === codeSha) return null;
    const [commit, code] = [await reads.commit(head), await reads.commit(codeSha)];
    const trailers = subjectTrailers(commit.message);
    const isOurs = commit.parents.length === 1 && commit.parents[0] === codeSha && commit.tree === code.tree;
    return isOurs && trailers.length === 1 && trailers[0] === digest ? head : null;
  };
  const checkRuns = async (sha: string, name: string) => {
    const runs = await octokit.paginate(octokit.rest.checks.listForRef, {
      ...{ ...repo, ref: sha, check_name: name },
      ...(appId === null ? {} : { app_id: appId }),
    });
    return runs.filter((run) => run.name === name).map((run) => run.id);
  };
  return {
    findEvidence,

    /** One empty commit over the code commit that names the subject. @throws HEAD_MOVED when the branch is elsewhere */
    publishEvidence: (o: { branch: string; codeSha: string; subjectDigest: string; message: string }) =>
      atGitHub('publishing the evidence commit', async () => {
        const found = await findEvidence(o.branch, o.codeSha, o.subjectDigest);
        if (found !== null) return { sha: found };
        if ((await reads.branchHead(o.branch)) !== o.codeSha) throw headMoved();
        const { tree } = await reads.commit(o.codeSha);
        const message = `${o.message.trim()}\n\n${TRAILER}: ${o.subjectDigest}\n`;
        const { data } = await octokit.rest.git.createCommit({ ...repo, message, tree, parents: [o.codeSha] });
        try {
          // Without force GitHub takes only a descendant of the head: a branch that moved meanwhile answers 422.
          await octokit.rest.git.updateRef({ ...repo, ref: `heads/${o.branch}`, sha: data.sha, force: false });
        } catch (error) {
          throw statusOf(error) === 422 ? headMoved() : error;
        }
        return { sha: data.sha };
      }),

    findCheckRun: (sha: string, name: string): Promise<number | null> =>
      atGitHub('looking for the check run', async () => (await checkRuns(sha, name))[0] ?? null),

    upsertCheckRun: (o: {
      sha: string;
      name: string;
      conclusion: 'success' | 'failure' | 'neutral';
      title: string;
      summary: string;
    }) =>
      atGitHub('writing the check run', async () => {
        const output = { title: o.title, summary: o.summary };
        const rest = { ...repo, name: o.name, status: 'completed' as const, conclusion: o.conclusion, output };
        const id = (await checkRuns(o.sha, o.name))[0];
        const { data } =
          id === undefined
            ? await octokit.rest.checks.create({ ...rest, head_sha: o.sha })
            : await octokit.rest.checks.update({ ...rest, check_run_id: id });
        return { id: data.id };
      }),

    updateText: (number: number, body: string) =>
      atGitHub('writing the PR text', async () => {
        await octokit.rest.pulls.update({ ...repo, pull_number: number, body });
      }),

    markReady: (number: number) => setDraft(number, false),
    convertToDraft: (number: number) => setDraft(number, true),
  };

  function setDraft(number: number, draft: boolean): Promise<void> {
    return atGitHub(draft ? 'turning the PR into a draft' : 'marking the PR ready', async () => {
      const pull = await reads.pullRequest(number);
      if (pull.isDraft === draft) return;
      const name = draft ? 'convertPullRequestToDraft' : 'markPullRequestReadyForReview';
      await octokit.graphql(
        `mutation($id: ID!) { ${name}(input: {pullRequestId: $id}) { pullRequest { id isDraft } } }`,
        { id: pull.nodeId },
      );
    });
  }
}

export type MergeFinding =
  | { readonly kind: 'open'; readonly baseBranch: string }
  | { readonly kind: 'ours'; readonly mergeSha: string }
  | { readonly kind: 'others'; readonly by: string | null }
  | { readonly kind: 'closed' };

/** What an Approval releases. */
export function releasedActs({ octokit, repo }: Connection, reads: Reads, releaseBotId: number | null) {
  /** Asks GitHub what became of a PR; `ours` only when our App merged exactly this commit. */
  const findMerge = async (number: number, sha: string): Promise<MergeFinding> => {
    const pull = await reads.pullRequest(number);
    if (pull.state === 'open') return { kind: 'open', baseBranch: pull.baseBranch };
    if (pull.state === 'closed') return { kind: 'closed' };
    const isOurs = releaseBotId !== null && pull.mergedBy?.id === releaseBotId && pull.headSha === sha;
    if (!isOurs || pull.mergeSha === null) return { kind: 'others', by: pull.mergedBy?.login ?? null };
    return { kind: 'ours', mergeSha: pull.mergeSha };
  };
  return {
    findMerge,

    /**
     * Merges exactly the approved evidence commit. Looks first whether an earlier attempt did.
     * @throws PlanwardenError what assertFresh throws, HEAD_MOVED, BASE_MOVED, MERGE_REFUSED, PR_MERGED_BY_OTHERS, PR_CLOSED
     */
    merge: (
      approval: Approval,
      fresh: { readonly fence: number; readonly ports: FreshPorts },
      o: { readonly number: number; readonly sha: string; readonly title: string },
    ): Promise<{ mergeSha: string }> =>
      atGitHub(`merging PR ${o.number}`, async () => {
        const before = await findMerge(o.number, o.sha);
        if (before.kind === 'ours') return { mergeSha: before.mergeSha };
        if (before.kind === 'others') throw refused('PR_MERGED_BY_OTHERS', 'somebody else merged the PR');
        if (before.kind === 'closed') throw refused('PR_CLOSED', 'somebody closed the PR');
        if (before.baseBranch !== approval.subject.target.baseBranch) {
          throw refused('BASE_MOVED', 'the PR points at another base branch');
        }
        const repository = await reads.repository();
        // Last of all, right before the act.
        await assertFresh(approval, fresh.fence, fresh.ports, 'merge');
        if (approval.evidenceSha !== o.sha) throw refused('HEAD_MOVED', 'the approval is for another commit');
        if (approval.subject.target.repositoryId !== repository.id) {
          throw refused('TARGET_CHANGED', 'the approval is for another repository');
        }
        try {
          const { data } = await octokit.rest.pulls.merge({
            ...repo,
            pull_number: o.number,
            sha: o.sha,
            merge_method: 'merge',
            commit_title: o.title,
          });
          return { mergeSha: data.sha };
        } catch (error) {
          if (statusOf(error) === 409) throw headMoved();
          if (statusOf(error) === 405) throw refused('MERGE_REFUSED', 'GitHub refused the merge by its own rules');
          throw error;
        }
      }),
  };
}

const headMoved = () => refused('HEAD_MOVED', 'the branch moved');

function refused(
  code: 'HEAD_MOVED' | 'BASE_MOVED' | 'MERGE_REFUSED' | 'PR_MERGED_BY_OTHERS' | 'PR_CLOSED' | 'TARGET_CHANGED',
  message: string,
): PlanwardenError {
  return new PlanwardenError(code, message, { remedy: 'Enter the road again at confirm.' });
}
