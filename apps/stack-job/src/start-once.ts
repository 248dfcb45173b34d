import { PlanwardenError } from '@planwarden/contracts';
import { applyRunName, firstStart, planRunName, runTag } from '@planwarden/terraform';
import { z } from 'zod';
import type { StartConfig } from './config.js';

const runsSchema = z.object({
  workflow_runs: z.array(
    z.object({ id: z.number(), display_title: z.string(), actor: z.object({ id: z.number() }).nullish() }),
  ),
});

/**
 * Lets the one run go on that may: started by the release App, on the commit it was asked for, the first of its name, and
 * never again. (A permit that cannot be copied will stand here too.)
 * @throws PlanwardenError START_REFUSED, DUPLICATE_START, OUTSIDE_UNAVAILABLE
 */
export async function startOnce(config: StartConfig): Promise<void> {
  const round = { run: config.PLANWARDEN_RUN, round: config.PLANWARDEN_ROUND };
  if (config.GITHUB_ACTOR_ID !== config.PLANWARDEN_ACTOR_ID) throw refused('it was not started by the release App');
  if (config.PLANWARDEN_KIND === 'plan' && config.PLANWARDEN_COMMIT !== config.GITHUB_SHA) {
    throw refused('the branch is at another commit than was asked for');
  }
  if (config.PLANWARDEN_KIND === 'apply' && config.GITHUB_REF !== `refs/tags/${runTag(round)}`) {
    throw refused('it does not stand on the tag of the run');
  }
  if (config.GITHUB_RUN_ATTEMPT !== 1) throw duplicate('it was started again by hand');
  const name = config.PLANWARDEN_KIND === 'plan' ? planRunName(round) : applyRunName(round);
  const first = firstStart(await runs(config), name, config.PLANWARDEN_ACTOR_ID);
  if (first === undefined) throw refused(`GitHub knows no run called ${name}`);
  if (first.id !== config.GITHUB_RUN_ID) throw duplicate(`run ${first.id} was started first`);
}

async function runs(config: StartConfig) {
  const query = new URLSearchParams({ event: 'workflow_dispatch', head_sha: config.GITHUB_SHA, per_page: '100' });
  const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = config;
  try {
    const answer = await fetch(`${api}/repos/${repository}/actions/runs?${query}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' },
      signal: AbortSignal.timeout(30_000),
      redirect: 'error',
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return runsSchema.parse(await answer.json()).workflow_runs.map(({ id, display_title: name, actor }) => ({
      ...{ id, name, actorId: actor?.id ?? null },
    }));
  } catch (cause) {
    throw new PlanwardenError('OUTSIDE_UNAVAILABLE', 'GitHub does not tell which runs there are', {
      remedy: 'Nothing was done. Ask for the change again.',
      cause,
    });
  }
}

const refused = (why: string): PlanwardenError =>
  new PlanwardenError('START_REFUSED', `this run may not go on: ${why}`, {
    remedy: 'Only Planwarden starts this workflow; ask it for the change.',
  });

const duplicate = (why: string): PlanwardenError =>
  new PlanwardenError('DUPLICATE_START', `duplicate_start: ${why}`, {
    remedy: 'Nothing is to be done: the first start is the one that counts.',
  });
