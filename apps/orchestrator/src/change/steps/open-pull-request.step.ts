import { type GeneratedFile, isPlanwardenError, PlanwardenError, type Target } from '@planwarden/contracts';
import { gitBlobSha } from '@planwarden/manifests';
import { requireOk, type ToolAnswer } from '@planwarden/mcp-client';
import { done, type Reconciled, type RunRecord, type Step, type StepContext } from '@planwarden/runs';
import { pullRequestText, type SourceControl } from '@planwarden/source-control';
import { z } from 'zod';
import { evidenceRecord, type PullRequestRecord, pullRequestRecord, validateRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { end } from '../outcomes.js';
import { requestOf } from '../run-request.js';

export const branchOf = (run: Pick<RunRecord, 'id'>): string => `planwarden/${run.id}`;

const commitResult = z.strictObject({ sha: z.string() });
const pullResult = z.strictObject({ number: z.number().int(), url: z.string() });

/**
 * Branch, files and draft pull request through the GitHub MCP server with the author credentials; then the branch is
 * read back at GitHub: its tree must be ours to the byte. A later round finds them all there and reads where they stand.
 */
export function openPullRequestStep(services: ChangeServices): Step {
  const targetOf = (run: RunRecord) => services.config.target(run.target);
  return {
    name: 'open-pull-request',
    state: 'planning',
    effects: [
      {
        name: 'create-branch',
        kind: 'once',
        key: branchOf,
        race: {
          key: 'branch `planwarden/<run>`',
          guard: 'a ref is unique: "Reference already exists"',
          asks: 'the head of the branch',
          leaves: 'one branch; the later request is refused and finds it',
        },
        reconcile: async ({ run }) => {
          const sha = await services.sourceControl(targetOf(run)).branchHead(branchOf(run));
          return sha === null ? { found: 'absent' } : { found: 'present', result: { sha } };
        },
      },
      {
        name: 'push-files',
        kind: 'once',
        key: (run) => `${branchOf(run)}#files`,
        race: {
          key: 'branch `planwarden/<run>`, commits after its base',
          guard: 'the ref is moved without force from the head that the commit was made on',
          asks: 'base...branch: none, one, or more commits',
          leaves: 'one commit, or two in a row: then the run ends `EFFECT_DOUBLE` and nothing is published',
        },
        reconcile: ({ run }) => findPush(services, targetOf(run), branchOf(run)),
      },
      {
        name: 'delete-files',
        kind: 'idempotent',
        key: (run) => `${branchOf(run)}#deletions`,
        race: {
          key: 'branch `planwarden/<run>`, path by path',
          guard: 'a file is deleted by its blob: one that is gone cannot be deleted again',
          asks: 'whether the path is still in the tree of the head',
          leaves: 'one deletion a path; base...head is read back and a commit that is not ours refuses',
        },
      },
      {
        name: 'create-pull-request',
        kind: 'once',
        key: (run) => `${branchOf(run)}#pull`,
        race: {
          key: 'head branch `planwarden/<run>`',
          guard: 'one open pull request a head and base',
          asks: 'pull requests of that head, open or closed',
          leaves: 'one pull request; the later request is refused and finds it',
        },
        reconcile: ({ run }) => findPull(services, targetOf(run), branchOf(run)),
      },
    ],
    execute: async (context) => {
      const before = await context.outputIfAny('open-pull-request', pullRequestRecord);
      if (before !== undefined) return again(services, context, before);
      return open(services, context);
    },
  };
}

async function open(services: ChangeServices, context: StepContext) {
  const { run } = context;
  const target = services.config.target(run.target);
  const github = services.sourceControl(target);
  const { files } = await context.output('validate', validateRecord);
  const branch = branchOf(run);
  if (await isThereAlready(github, target, files)) {
    return end('errored', 'FILES_UNCHANGED', 'the files are already there, byte for byte', 'Change what is asked for.');
  }
  const { sha: baseSha } = await context.effect('create-branch', commitResult, async () => {
    await call(services, context, target, 'create_branch', { branch, from_branch: target.baseBranch });
    const sha = await github.branchHead(branch);
    if (sha === null) throw missing('the branch that was just made is not there');
    return { sha };
  });
  const pushed = await push(services, context, target, branch, files);
  const codeSha = pushed.at(-1) ?? baseSha;
  await github.verifyPushedFiles({
    base: baseSha,
    head: codeSha,
    expected: files.flatMap(({ path, content }) =>
      content === null ? [] : [{ path, mode: '100644', blobSha: gitBlobSha(content) }],
    ),
    deletions: files.flatMap(({ path, content }) => (content === null ? [path] : [])),
    knownCommits: pushed,
  });
  const request = requestOf(run);
  const pull = await context.effect('create-pull-request', pullResult, async () => {
    await call(services, context, target, 'create_pull_request', {
      title: titleOf(run),
      head: branch,
      base: target.baseBranch,
      draft: true,
      body: pullRequestText({
        run: run.id,
        round: run.round,
        subjectDigest: null,
        planText: 'The plan is being made.',
        findings: [],
        agentTitle: request.title,
        agentReason: request.reason,
      }),
    });
    const found = await github.findPullRequest(branch);
    if (found === null) throw missing('the pull request that was just opened is not there');
    return { number: found.number, url: found.url };
  });
  return done(
    `pull request ${pull.number}, a draft; its branch was read back and holds exactly our files`,
    pullRequestRecord.parse({ branch, ...pull, baseSha, codeSha, ourCommits: pushed }),
  );
}

/** Asked before anything is made: the official server would push an empty commit. */
async function isThereAlready(
  github: SourceControl,
  target: Target,
  files: readonly GeneratedFile[],
): Promise<boolean> {
  const tip = await github.branchHead(target.baseBranch);
  if (tip === null) throw missing('the base branch is not there');
  const there = new Map((await github.filesAt(tip)).map((file) => [file.path, file.blobSha]));
  return files.every(({ path, content }) =>
    content === null ? !there.has(path) : there.get(path) === gitBlobSha(content),
  );
}

/** One commit with the files, then one for each deletion: the official server can do no more in one. */
async function push(
  services: ChangeServices,
  context: StepContext,
  target: Target,
  branch: string,
  files: readonly GeneratedFile[],
): Promise<string[]> {
  const github = services.sourceControl(target);
  const { run } = context;
  const written = files.flatMap(({ path, content }) => (content === null ? [] : [{ path, content }]));
  const gone = files.flatMap(({ path, content }) => (content === null ? [path] : []));
  const commits: string[] = [];
  if (written.length > 0) {
    const { sha } = await context.effect('push-files', commitResult, async () => {
      await call(services, context, target, 'push_files', { branch, files: written, message: titleOf(run) });
      return { sha: (await github.branchHead(branch)) ?? '' };
    });
    commits.push(sha);
  }
  if (gone.length > 0) {
    const shas = await context.effect('delete-files', z.array(z.string()), async () => {
      const made: string[] = [];
      for (const path of gone) {
        const there = (await github.filesAt((await github.branchHead(branch)) ?? '')).some(
          (file) => file.path === path,
        );
        if (!there) continue;
        await call(services, context, target, 'delete_file', { branch, path, message: `Delete ${path}` });
        made.push((await github.branchHead(branch)) ?? '');
      }
      return made;
    });
    commits.push(...shas);
  }
  return commits;
}

/** A later round: nothing is written, everything is read at GitHub. */
async function again(services: ChangeServices, context: StepContext, before: PullRequestRecord) {
  const target = services.config.target(context.run.target);
  const github = services.sourceControl(target);
  const pull = await github.pullRequest(before.number);
  if (pull.state !== 'open') {
    return end('superseded', 'PR_CLOSED', 'the pull request is no longer open', 'Ask for the change again.');
  }
  const evidence = await context.outputIfAny('publish-evidence', evidenceRecord);
  const { mergeBase } = await github.compare(target.baseBranch, pull.headSha);
  return done(
    `pull request ${before.number} goes on at commit ${pull.headSha.slice(0, 12)}`,
    pullRequestRecord.parse({
      ...before,
      baseSha: mergeBase,
      codeSha: pull.headSha,
      ourCommits: [...new Set([...before.ourCommits, ...(evidence ? [evidence.evidenceSha] : [])])],
    }),
  );
}

async function findPush(services: ChangeServices, target: Target, branch: string): Promise<Reconciled> {
  const github = services.sourceControl(target);
  const head = await github.branchHead(branch);
  if (head === null) return { found: 'absent' };
  const { commits } = await github.compare(target.baseBranch, branch);
  if (commits.length === 0) return { found: 'absent' };
  if (commits.length > 1) return { found: 'double', message: `${commits.length} commits on the branch` };
  return { found: 'present', result: { sha: head } };
}

async function findPull(services: ChangeServices, target: Target, branch: string): Promise<Reconciled> {
  try {
    const found = await services.sourceControl(target).findPullRequest(branch);
    if (found === null) return { found: 'absent' };
    return { found: 'present', result: { number: found.number, url: found.url } };
  } catch (error) {
    if (isPlanwardenError(error) && error.code === 'EFFECT_DOUBLE') return { found: 'double', message: error.message };
    throw error;
  }
}

async function call(
  services: ChangeServices,
  { run, signal }: StepContext,
  target: Target,
  tool: string,
  args: Readonly<Record<string, unknown>>,
): Promise<ToolAnswer> {
  const { owner, name } = target.repository;
  const answer = await services.gateway.call({
    server: 'github',
    tool,
    args: { owner, repo: name, ...args },
    run: run.id,
    step: 'open-pull-request',
    target,
    signal,
  });
  return requireOk(answer, tool.replaceAll('_', ' '));
}

/** A title of our own words: an agent's may hold anything. */
const titleOf = (run: RunRecord): string => `Planwarden: change of ${run.target} (${run.id})`;

function missing(what: string): PlanwardenError {
  return new PlanwardenError('OUTSIDE_ANSWER_INVALID', what, {
    remedy: 'It is looked for again by itself; look at GitHub if it stays so.',
    failure: 'retryable',
  });
}
