import type { GeneratedFile, Target } from '@planwarden/contracts';
import { assertPlainManifests, parseManifests } from '@planwarden/manifests';
import { requireOk } from '@planwarden/mcp-client';
import { done, type Step, type StepContext, type StepOutcome } from '@planwarden/runs';
import { readStack } from '@planwarden/terraform';
import { z } from 'zod';
import { changedEntries, filesAtCommit } from '../branch-files.js';
import { generateRecord, pullRequestRecord, validateRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { counted, end } from '../outcomes.js';
import { allowedProviders } from '../terraform/allowed-providers.js';
import { stackFilesAt, withChange } from '../terraform/stack-files.js';

/**
 * Reads the files: in the first round those just generated, in a later one those at the branch head, whoever pushed
 * them. Where the base moved below the target, the base is brought into the branch first.
 */
export function validateStep(services: ChangeServices): Step {
  return {
    name: 'validate',
    state: 'validating',
    effects: [
      {
        name: 'update-branch',
        kind: 'idempotent',
        key: (run) => `planwarden/${run.id}/${run.round}`,
        race: {
          key: 'run and round',
          guard: '`expected_head_sha`: GitHub refuses when the branch has moved',
          asks: 'whether the base tip is in the branch already',
          leaves: 'one merge commit; the later request finds the head moved or nothing to bring in',
        },
      },
    ],
    execute: async (context) => {
      const target = services.config.target(context.run.target);
      const pull = await context.outputIfAny('open-pull-request', pullRequestRecord);
      if (pull === undefined) {
        const { files } = await context.output('generate', generateRecord);
        const tip = await services.sourceControl(target).branchHead(target.baseBranch);
        return read(
          services,
          target,
          files,
          files.map((file) => file.path),
          tip ?? target.baseBranch,
        );
      }
      const stop = await bringBaseIn(services, context, target, pull);
      if (stop) return stop;
      const github = services.sourceControl(target);
      const head = await github.branchHead(pull.branch);
      if (head === null) {
        return end('superseded', 'HEAD_MOVED', 'somebody deleted the branch of the run', 'Ask for the change again.');
      }
      const { mergeBase } = await github.compare(target.baseBranch, head);
      const entries = await changedEntries(github, mergeBase, head);
      if (target.kind === 'manifests') assertPlainManifests(entries, target.path);
      const { files: first } = await context.output('generate', generateRecord);
      const provenance = new Map(first.map((file) => [file.path, file.provenance]));
      const files = await filesAtCommit(github, entries, target, provenance);
      return read(
        services,
        target,
        files,
        entries.map((entry) => entry.path),
        head,
      );
    },
  };
}

/** @param commit on which the files stand, or on which they will: for Terraform the whole stack is read */
async function read(
  services: ChangeServices,
  target: Target,
  files: readonly GeneratedFile[],
  paths: readonly string[],
  commit: string,
): Promise<StepOutcome> {
  const sorted = [...paths].sort();
  if (target.kind === 'terraform') {
    const before = await stackFilesAt(services.sourceControl(target), target, commit);
    const stack = withChange(before, files, target);
    const options = { folder: target.path, providers: allowedProviders(target) };
    const { resources, providers, modules } = await readStack(stack, options);
    return done(
      `${counted(resources.length, 'resource')} in ${counted(stack.length, 'file')} of the stack, ${files.length} of them changed`,
      validateRecord.parse({ files, paths: sorted, objects: [], resources, providers, modules }),
    );
  }
  const objects = parseManifests(files);
  return done(
    `${counted(objects.length, 'object')} in ${counted(files.length, 'file')}`,
    validateRecord.parse({ files, paths: sorted, objects }),
  );
}

async function bringBaseIn(
  services: ChangeServices,
  context: StepContext,
  target: Target,
  pull: { readonly branch: string; readonly number: number },
): Promise<StepOutcome | undefined> {
  const github = services.sourceControl(target);
  const [tip, head] = [await github.branchHead(target.baseBranch), await github.branchHead(pull.branch)];
  if (tip === null || head === null) return undefined;
  const { mergeBase } = await github.compare(tip, head);
  if ((await github.subtreeSha(tip, target.path)) === (await github.subtreeSha(mergeBase, target.path))) {
    return undefined;
  }
  const answer = await context.effect('update-branch', z.strictObject({ status: z.number().nullable() }), async () => {
    const { owner, name } = target.repository;
    const said = await services.gateway.call({
      server: 'github',
      tool: 'update_pull_request_branch',
      args: { owner, repo: name, pullNumber: pull.number, expectedHeadSha: head },
      run: context.run.id,
      step: 'validate',
      target,
      signal: context.signal,
    });
    if (said.isError && said.status === 422) return { status: 422 };
    requireOk(said, 'bring the base branch into the branch of the run');
    return { status: 202 };
  });
  if (answer.status === 422) {
    return end(
      'superseded',
      'BASE_MOVED',
      'the base branch changed the same files and cannot be brought in without a person',
      'Ask for the change again on the new base.',
    );
  }
  return { kind: 'wait', reason: 'sync', message: 'GitHub is bringing the base branch in', forMs: 500 };
}
