import {
  type FoundSecret,
  type GeneratedFile,
  isPlanwardenError,
  type ParsedObject,
  type Target,
  type TerraformTarget,
} from '@planwarden/contracts';
import { parseManifests } from '@planwarden/manifests';
import { redactJson, redactLines } from '@planwarden/redaction';
import { done, type RunRecord, type Step } from '@planwarden/runs';
import { reviewStack, type StackFile } from '@planwarden/terraform';
import type { ChangeServices } from '../../change/change.services.js';
import { counted } from '../../change/outcomes.js';
import { requestOf, secretsIn } from '../../change/run-request.js';
import { allowedProviders } from '../../change/terraform/allowed-providers.js';
import { withChange } from '../../change/terraform/stack-files.js';
import { type Problem, type ReviewFiles, reviewFilesRecord, reviewValidateRecord } from '../review.records.js';
import { filesToReview } from './read-files.step.js';

const MAX_BYTES = 256 * 1024;

/**
 * Reads what the files say. What the change road would refuse is a problem to tell here, with its place, and the rest
 * is read on. Secrets are masked before anything is understood: none can reach the journal, the record or the review.
 */
export function validateStep(services: ChangeServices): Step {
  return {
    name: 'validate',
    state: 'validating',
    effects: [],
    execute: async (context) => {
      const target = services.config.target(context.run.target);
      const read = await context.output('read-files', reviewFilesRecord);
      const { files, problems: unread } = await load(services, context.run, target, read);
      const secrets = files.flatMap((file) => (file.content === null ? [] : secretsIn(file.path, file.content)));
      const masked = files.map((file) => masking(file, secrets));
      const understood =
        target.kind === 'terraform'
          ? await ofStack(services, target, read, masked)
          : { ...ofManifests(masked), resources: [], providers: [], modules: [] };
      const problems = [...unread, ...understood.problems];
      return done(
        `${counted(understood.objects.length + understood.resources.length, 'object')} in ${counted(files.length, 'file')}; ${counted(problems.length, 'problem')}`,
        reviewValidateRecord.parse({ ...understood, problems, secrets }),
      );
    },
  };
}

function masking(file: GeneratedFile, secrets: readonly FoundSecret[]): GeneratedFile {
  if (file.content === null || !secrets.some(({ where }) => where === file.path)) return file;
  return { ...file, content: redactLines(file.content) };
}

async function load(services: ChangeServices, run: RunRecord, target: Target, read: ReviewFiles) {
  if (read.pullRequest === null) return { files: filesToReview(requestOf(run), target), problems: [] };
  const github = services.sourceControl(target);
  const files: GeneratedFile[] = [];
  const problems: Problem[] = [];
  for (const { path, blobSha } of read.files) {
    const content = blobSha === null ? null : await github.blobText(blobSha);
    if (content === null || Buffer.byteLength(content) <= MAX_BYTES) {
      files.push({ path, content, provenance: { source: 'agent', template: null, templateDigest: null } });
      continue;
    }
    const message = `${path} is over 256 KiB and was not read`;
    problems.push({ code: 'BODY_TOO_LARGE', file: path, line: null, message, remedy: 'Split the file.' });
  }
  return { files, problems };
}

/** Files that cannot be read are told and left out; the others are read without them. */
function ofManifests(files: readonly GeneratedFile[]): { objects: ParsedObject[]; problems: Problem[] } {
  const problems: Problem[] = [];
  let left = files;
  for (;;) {
    try {
      const objects = parseManifests(left).map((one) => ({ ...one, object: redactJson(one.object) }));
      return { objects, problems };
    } catch (error) {
      if (!isPlanwardenError(error) || error.errorClass !== 'caller') throw error;
      const found = (error.details ?? [error]).map(
        ({ code, message, where }): Problem => ({
          code: error.code,
          ...{ file: where?.file ?? null, line: where?.line ?? null, message },
          remedy: code === 'NOT_SUPPORTED' ? 'Write plain manifests.' : 'Mend the file at the line named.',
        }),
      );
      problems.push(...found);
      const bad = new Set(found.map(({ file }) => file));
      const next = left.filter(({ path }) => !bad.has(path));
      if (next.length === left.length) return { objects: [], problems };
      left = next;
    }
  }
}

/** The whole stack is judged, as it would be with the change. */
async function ofStack(
  services: ChangeServices,
  target: TerraformTarget,
  read: ReviewFiles,
  files: readonly GeneratedFile[],
) {
  const github = services.sourceControl(target);
  const commit = read.pullRequest?.mergeBase ?? (await github.branchHead(target.baseBranch)) ?? target.baseBranch;
  const prefix = `${target.path}/`;
  const before: StackFile[] = [];
  const problems: Problem[] = [];
  const changed = new Set(files.map(({ path }) => path));
  for (const { path, mode, blobSha } of await github.filesAt(commit, target.path)) {
    if (changed.has(path)) continue;
    if (mode === '100644') {
      before.push({ path: path.slice(prefix.length), content: redactLines(await github.blobText(blobSha)) });
      continue;
    }
    problems.push(noPlainFile(path, mode));
  }
  if (read.pullRequest !== null) {
    const here = await github.filesAt(read.pullRequest.sha, target.path);
    for (const { path, mode } of here)
      if (changed.has(path) && mode !== '100644') problems.push(noPlainFile(path, mode));
  }
  const stack = withChange(before, files, target);
  const { problems: found, ...source } = await reviewStack(stack, {
    folder: target.path,
    providers: allowedProviders(target),
  });
  return { objects: [], ...source, problems: [...problems, ...found] };
}

const noPlainFile = (path: string, mode: string): Problem => ({
  code: 'NOT_SUPPORTED',
  ...{ file: path, line: null },
  message: `${path} is no plain file (mode ${mode})`,
  remedy: 'Keep plain, not executable files in the folder of a stack.',
});
