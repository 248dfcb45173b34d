import {
  type ChangeRequest,
  type Decision,
  type Persona,
  PlanwardenError,
  type Requester,
  type Target,
} from '@planwarden/contracts';
import { parseManifests } from '@planwarden/manifests';
import type { Bell, RequesterLimits, RunParent, RunRecord } from '@planwarden/runs';
import type pg from 'pg';
import { CHANGE_PIPELINE } from '../change/change.pipeline.js';
import type { ChangeServices } from '../change/change.services.js';
import { judge } from '../change/judge.js';
import { denialBody } from '../change/outcomes.js';
import { actorOf, filesOf, secretsOf } from '../change/run-request.js';
import { REVIEW_PIPELINE } from '../review/review.pipeline.js';
import { filesToReview } from '../review/steps/read-files.step.js';

/** Who asks, after token or session, persona and request were put together. */
export interface Asker {
  readonly requester: Requester;
  readonly persona: Persona;
}

/** The run that a new one mends, and what is written with its beginning. */
export interface MendedRun extends RunParent {
  beside(client: pg.PoolClient, child: string): Promise<void>;
}

/**
 * Accepts a request for a change, or for a review where the persona's strategy is that: everything that can be refused without touching the outside is refused here, then
 * run, journal entry and wake time are written in one transaction and the bell is rung, unless a worker of this process has the run already.
 * @throws PlanwardenError READ_ONLY, NOT_SUPPORTED, STRATEGY_DIFFERS, TARGET_UNKNOWN, TEMPLATE_UNKNOWN, INPUT_INVALID, PATH_OUTSIDE_TARGET,
 * MANIFEST_INVALID, POLICY_DENIED, SECRET_IN_TEXT, RUN_LIMIT_REACHED
 */
export async function proposeChange(
  services: ChangeServices,
  bell: Bell,
  asker: Asker,
  request: ChangeRequest,
  parent?: MendedRun,
): Promise<RunRecord> {
  const { requester, persona } = asker;
  services.config.assertWritable();
  assertFits(persona, request);
  const target = services.config.target(request.target);
  await intake(services, requester, persona, target, request);
  const isReview = persona.strategy === 'review';
  if (request.pullRequest === undefined) {
    // A reviewer is told what is wrong inside the files; whoever wants a change mends them first.
    const files = isReview ? filesToReview(request, target) : await filesOf(services, request, target);
    if (files.length === 0) throw nothingNamed();
    if (!isReview && target.kind === 'manifests') parseManifests(files);
  }
  const { run, isTaken } = await services.runs.begin(
    {
      title: request.title,
      target: target.name,
      environment: target.environment,
      persona: persona.name,
      requester,
      request,
      parent: parent === undefined ? null : { run: parent.run, kind: parent.kind },
    },
    isReview ? REVIEW_PIPELINE : CHANGE_PIPELINE,
    { openRuns: target.limits.openRuns, requester: limitsOf(services, requester) },
    parent?.beside,
  );
  // Losing this bell costs the time until the sweep; the run is already durable.
  if (!isTaken) await bell.ring(run.id);
  return run;
}

/** Limits of the token that asks; a person has none of their own. */
const limitsOf = ({ config }: Pick<ChangeServices, 'config'>, { principal }: Requester): RequesterLimits | undefined =>
  config.agents().find(({ id }) => `agent:${id}` === principal)?.limits;

/** @throws PlanwardenError NOT_SUPPORTED, STRATEGY_DIFFERS naming the field that another strategy takes */
function assertFits({ name, strategy }: Persona, request: ChangeRequest): void {
  if (strategy === 'report') {
    throw new PlanwardenError('NOT_SUPPORTED', `strategy report of persona ${name} is not supported yet`, {
      where: { field: 'persona' },
      remedy: 'Ask as a persona whose strategy is change or review.',
    });
  }
  const field = strategy === 'change' ? 'pullRequest' : 'template';
  if (request[field] === undefined) return;
  throw new PlanwardenError(
    'STRATEGY_DIFFERS',
    strategy === 'change'
      ? `persona ${name} changes and does not review pull requests`
      : `persona ${name} reviews; a template has nothing to review before somebody asks for it`,
    {
      where: { field },
      remedy:
        strategy === 'change'
          ? 'Name a persona whose strategy is review, or give a template or files.'
          : 'Give files or a pull request; a template is asked for by a persona whose strategy is change.',
    },
  );
}

const nothingNamed = (): PlanwardenError =>
  new PlanwardenError('FILES_UNCHANGED', 'the request names no file', {
    where: { field: 'files' },
    remedy: 'Give a template, or files and deletions.',
  });

async function intake(
  services: ChangeServices,
  requester: Requester,
  persona: Persona,
  target: Target,
  request: ChangeRequest,
): Promise<void> {
  const secrets = secretsOf(request);
  const decision = await judge(
    services,
    'intake',
    // What is recorded must not hold what was found.
    { actor: actorOf(services, requester, persona.name), target, request, secrets },
    { run: null, round: null, step: null },
  );
  if (!decision.allow) throw refusedAtIntake(decision);
}

function refusedAtIntake(decision: Decision): PlanwardenError {
  const body = denialBody(decision);
  return new PlanwardenError('POLICY_DENIED', `${body.message} (decision ${decision.id})`, {
    ...(body.where ? { where: body.where } : {}),
    remedy: body.remedy,
    details: body.details,
  });
}
