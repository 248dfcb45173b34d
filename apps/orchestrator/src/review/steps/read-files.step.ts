import { type ChangeRequest, type GeneratedFile, PlanwardenError, type Target } from '@planwarden/contracts';
import { agentFiles } from '@planwarden/manifests';
import { done, type Step } from '@planwarden/runs';
import { agentTerraformFiles } from '@planwarden/terraform';
import { changedEntries, GONE } from '../../change/branch-files.js';
import type { ChangeServices } from '../../change/change.services.js';
import { counted, end } from '../../change/outcomes.js';
import { requestOf } from '../../change/run-request.js';
import { reviewFilesRecord } from '../review.records.js';

/** Most files of one pull request that are read. */
const MOST_FILES = 300;

/** Which files are looked at: those of the request, or those a pull request changes, at exactly the commit named. */
export function readFilesStep(services: ChangeServices): Step {
  return {
    name: 'read-files',
    state: 'validating',
    effects: [],
    execute: async ({ run }) => {
      const target = services.config.target(run.target);
      const request = requestOf(run);
      if (request.pullRequest !== undefined) return ofPullRequest(services, target, request.pullRequest);
      const files = filesToReview(request, target);
      return done(
        counted(files.length, 'file'),
        reviewFilesRecord.parse({
          pullRequest: null,
          paths: files.map(({ path }) => path).sort(),
          files: files.map(({ path }) => ({ path, blobSha: null })),
          notCovered: [],
        }),
      );
    },
  };
}

/**
 * Files of a request, with paths of the repository; as they were sent, also where they are written wrong.
 * @throws PlanwardenError PATH_OUTSIDE_TARGET, NOT_SUPPORTED, BODY_TOO_LARGE, INPUT_INVALID, naming the path
 */
export function filesToReview(request: ChangeRequest, target: Target): GeneratedFile[] {
  const given = { files: request.files ?? [], deletions: request.deletions ?? [] };
  return target.kind === 'terraform' ? agentTerraformFiles(given, target) : agentFiles(given, target);
}

async function ofPullRequest(
  services: ChangeServices,
  target: Target,
  { number, sha }: NonNullable<ChangeRequest['pullRequest']>,
) {
  const github = services.sourceControl(target);
  const pull = await github.findPullRequestNumbered(number);
  if (pull === null) {
    return end('errored', 'PULL_REQUEST_UNKNOWN', `there is no pull request ${number}`, 'Name one of the repository.');
  }
  if (pull.state !== 'open') {
    return end('errored', 'PR_CLOSED', `pull request ${number} is ${pull.state}`, 'Review one that is open.');
  }
  if (pull.baseBranch !== target.baseBranch) {
    const message = `pull request ${number} does not go into the base branch of target ${target.name}`;
    return end('errored', 'TARGET_OUT_OF_SCOPE', message, `Review one that goes into ${target.baseBranch}.`);
  }
  if (!(await isCommitOf(services, target, pull.headSha, sha))) {
    const message = `commit ${sha.slice(0, 12)} is not one of pull request ${number}`;
    return end('errored', 'COMMIT_NOT_IN_PULL_REQUEST', message, `Its head is ${pull.headSha}.`);
  }
  const { mergeBase } = await github.compare(target.baseBranch, sha);
  const entries = await changedEntries(github, mergeBase, sha);
  const read = entries.filter(({ path }) => path.startsWith(`${target.path}/`) && isRead(target, path));
  if (read.length > MOST_FILES) throw tooMany(number);
  const left = entries.length - read.length;
  return done(
    `pull request ${number} at ${sha.slice(0, 12)}: ${counted(read.length, 'file')} to read, ${left} more changed`,
    reviewFilesRecord.parse({
      pullRequest: { number, sha, url: pull.url, mergeBase },
      paths: entries.map(({ path }) => path),
      files: read.map(({ path, blobSha }) => ({ path, blobSha: blobSha === GONE.blobSha ? null : blobSha })),
      notCovered:
        left === 0 ? [] : [`${counted(left, 'changed file')} of other kinds or places: only the path is judged.`],
    }),
  );
}

/** Whether the commit is the head or one of the commits a pull request brings. */
export async function isCommitOf(
  services: Pick<ChangeServices, 'sourceControl'>,
  target: Target,
  headSha: string,
  sha: string,
): Promise<boolean> {
  if (headSha === sha) return true;
  const { commits } = await services.sourceControl(target).compare(target.baseBranch, headSha);
  return commits.some((commit) => commit.sha === sha);
}

const isRead = (target: Target, path: string): boolean => target.kind === 'terraform' || /\.ya?ml$/.test(path);

const tooMany = (number: number): PlanwardenError =>
  new PlanwardenError('NOT_SUPPORTED', `pull request ${number} changes more than ${MOST_FILES} files of the target`, {
    where: { field: 'pullRequest.number' },
    remedy: 'Split it into smaller ones.',
  });
