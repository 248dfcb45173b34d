/** What the two shipped workflows and whoever starts them must say alike. */
export interface RoundOfRun {
  readonly run: string;
  readonly round: number;
}

export const PLAN_WORKFLOW = 'planwarden-plan.yml';
export const APPLY_WORKFLOW = 'planwarden-apply.yml';

/** `run-name` of the shipped workflows: a dispatch tells no run id, so a run is found by its name. */
export const planRunName = ({ run, round }: RoundOfRun): string => `Planwarden plan ${run}/${round}`;
export const applyRunName = ({ run, round }: RoundOfRun): string => `Planwarden apply ${run}/${round}`;
/** The tag on which a round is applied. */
export const runTag = ({ run, round }: RoundOfRun): string => `planwarden/run/${run}/${round}`;
/** Artifact of the plan job, and the one file in it. */
export const planArtifact = ({ run, round }: RoundOfRun): string => `planwarden-plan-${run}-${round}`;
export const SEALED_PLAN = 'plan.sealed';
/** What a sealed plan is bound to. */
export const sealedAbout = ({ run, round }: RoundOfRun): string => `${run}/${round}`;

/** Begins the last line a job prints when it ends by a refusal of ours; a code and a place follow as JSON. */
export const JOB_END = 'planwarden-end ';

/**
 * Of the runs that carry one name the first counts, for the job that asks whether it may go on and for whoever waits for
 * it: a dispatch that was repeated after a lost answer is told apart by the order GitHub made them in.
 */
export function firstStart<T extends { readonly id: number; readonly name: string; readonly actorId: number | null }>(
  runs: readonly T[],
  name: string,
  actorId: number,
): T | undefined {
  return runs.filter((run) => run.name === name && run.actorId === actorId).sort((a, b) => a.id - b.id)[0];
}
