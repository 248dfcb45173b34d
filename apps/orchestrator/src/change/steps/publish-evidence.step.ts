import { filesDigest, parseSubject, targetConfigurationDigest } from '@planwarden/approvals';
import type { Plan, Target } from '@planwarden/contracts';
import { done, type RunRecord, type Step, type StepContext } from '@planwarden/runs';
import { blockDigest, pullRequestText } from '@planwarden/source-control';
import { z } from 'zod';
import { changedEntries } from '../branch-files.js';
import { checkPlanRecord, evidenceRecord, planRecord, pullRequestRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { votablePlan } from '../of-kind.js';
import { requestOf } from '../run-request.js';
import { workflowsDigest } from '../terraform/actions/workflow-files.js';
import { branchOf } from './open-pull-request.step.js';

/** Name of the check run that carries the verdict of policy. */
export const CHECK_NAME = 'planwarden/plan';

const shaResult = z.strictObject({ sha: z.string() });
const keyOf = (run: RunRecord, what: string): string => `${branchOf(run)}/${run.round}#${what}`;

/** What a vote is about: the subject, the evidence commit that names it, the check run, the text, ready for review. */
export function publishEvidenceStep(services: ChangeServices): Step {
  return {
    name: 'publish-evidence',
    state: 'awaiting_approval',
    effects: [
      {
        name: 'evidence-commit',
        kind: 'once',
        key: (run) => keyOf(run, 'evidence'),
        race: {
          key: 'head of `planwarden/<run>`, trailer with the subject digest',
          guard: 'the ref is moved without force from the code commit',
          asks: 'whether the head is a child of the code commit with that trailer',
          leaves: 'one evidence commit at the head; the other commit hangs on no ref',
        },
        reconcile: async (context) => {
          const github = services.sourceControl(services.config.target(context.run.target));
          const { codeSha } = await context.output('open-pull-request', pullRequestRecord);
          const stored = await services.subjects.find(context.run.id, context.run.round);
          const sha = stored && (await github.findEvidence(branchOf(context.run), codeSha, stored.digest));
          return sha === null ? { found: 'absent' } : { found: 'present', result: { sha } };
        },
      },
      {
        name: 'check-run',
        kind: 'idempotent',
        key: (run) => keyOf(run, 'check'),
        race: {
          key: 'name `planwarden/plan` at the evidence commit',
          guard: 'none: the newest of a name counts',
          asks: 'check runs of that name at that commit',
          leaves: 'one, or two that say the same',
        },
      },
      {
        name: 'text',
        kind: 'idempotent',
        key: (run) => keyOf(run, 'text'),
        race: {
          key: 'pull request of the run',
          guard: 'none: the text is made of the journal and the same whoever writes it',
          asks: 'nothing; confirm compares our block with what was written',
          leaves: 'the same text',
        },
      },
      {
        name: 'ready',
        kind: 'idempotent',
        key: (run) => keyOf(run, 'ready'),
        race: {
          key: 'pull request of the run',
          guard: 'none: ready is a state',
          asks: 'nothing',
          leaves: 'a pull request that is ready for review',
        },
      },
    ],
    execute: async (context) => {
      const { run } = context;
      const target = services.config.target(run.target);
      const github = services.sourceControl(target);
      const pull = await context.output('open-pull-request', pullRequestRecord);
      const { planText, plan } = await context.output('plan', planRecord);
      const { decision } = await context.output('check-plan', checkPlanRecord);
      const { digest, expiresAt } = await subject(services, context, target);
      const request = requestOf(run);
      const newRound = await roundReason(services, run);
      const text = pullRequestText({
        run: run.id,
        round: run.round,
        subjectDigest: digest,
        planText,
        findings: decision.findings,
        agentTitle: request.title,
        agentReason: request.reason,
        ...(newRound === undefined ? {} : { newRound }),
      });
      const { sha } = await context.effect('evidence-commit', shaResult, () =>
        github.publishEvidence({
          branch: pull.branch,
          codeSha: pull.codeSha,
          subjectDigest: digest,
          message: `Evidence of run ${run.id}, round ${run.round}`,
        }),
      );
      await context.effect('check-run', z.strictObject({ id: z.number() }), () =>
        github.upsertCheckRun({
          sha,
          name: CHECK_NAME,
          conclusion: 'success',
          title: 'Policy allows the plan',
          summary: `${sizeOf(plan)}; decision ${decision.id}; subject ${digest}`,
        }),
      );
      await context.effect('text', z.null(), async () => {
        await github.updateText(pull.number, text);
        return null;
      });
      await context.effect('ready', z.null(), async () => {
        await github.markReady(pull.number);
        return null;
      });
      return done(
        `evidence commit ${sha.slice(0, 12)} names subject ${digest.slice(0, 19)}`,
        evidenceRecord.parse({ subjectDigest: digest, evidenceSha: sha, blockDigest: blockDigest(text), expiresAt }),
      );
    },
  };
}

const sizeOf = (plan: Plan): string =>
  plan.kind === 'manifest-plan/1' ? `${plan.objects.length} objects` : `${plan.resources.length} resources`;

/** The subject of this round, stored once: a repeated step finds the same one, expiry and all. */
async function subject(
  services: ChangeServices,
  context: StepContext,
  target: Target,
): Promise<{ readonly digest: string; readonly expiresAt: string }> {
  const { run } = context;
  const stored = await services.subjects.find(run.id, run.round);
  if (stored) return { digest: stored.digest, expiresAt: parseSubject(stored.json).expiresAt };
  const github = services.sourceControl(target);
  const pull = await context.output('open-pull-request', pullRequestRecord);
  const planned = await context.output('plan', planRecord);
  const { toolVersions } = planned;
  const plan = votablePlan(planned.plan);
  const checked = await context.output('check-plan', checkPlanRecord);
  const workflows = await workflowsDigest(github, target, pull.codeSha);
  // Passkeys that the operator wrote by now are older than this subject; later ones will not count for it.
  await services.passkeys.noteOperators(services.config.people());
  const now = await services.fresh(target.name).now();
  const expiresAt = new Date(now.getTime() + target.limits.approvalExpirySeconds * 1000).toISOString();
  const built = await services.subjects.store({
    installation: services.installation,
    run: run.id,
    round: run.round,
    target: {
      name: target.name,
      environment: target.environment,
      repositoryId: (await github.repository()).id,
      baseBranch: target.baseBranch,
      path: target.path,
      ...(target.kind === 'manifests' ? { cluster: target.cluster } : { stack: target.stack }),
      delivery: target.delivery,
      configurationDigest: targetConfigurationDigest(target),
    },
    change: {
      baseSha: pull.baseSha,
      codeSha: pull.codeSha,
      filesDigest: filesDigest(await changedEntries(github, pull.baseSha, pull.codeSha)),
      ...(workflows === null ? {} : { workflowsDigest: workflows }),
    },
    plan: {
      kind: plan.kind,
      digest: plan.digest,
      ...(plan.kind === 'terraform-plan/1'
        ? { fileDigest: plan.fileDigest, lockDigest: plan.lockDigest, state: plan.state }
        : {}),
      toolVersions,
    },
    policy: {
      bundleDigest: checked.decision.bundleDigest,
      inputDigest: checked.decision.inputDigest,
      decisionDigest: checked.decision.digest,
      waivers: [],
    },
    graph: { snapshotId: checked.snapshotId, factsDigest: checked.factsDigest },
    requester: run.requester,
    quorum: checked.quorum,
    demands: checked.demands,
    expiresAt,
  });
  return { digest: built.digest, expiresAt };
}

/** Why this round began, as the journal tells it; undefined in the first. */
async function roundReason({ runs }: Pick<ChangeServices, 'runs'>, { id, round }: RunRecord) {
  if (round === 1) return undefined;
  const began = (await runs.events(id)).findLast(({ kind }) => kind === 'run:round');
  return began === undefined ? undefined : { code: began.code ?? 'ROUND', message: began.message };
}
