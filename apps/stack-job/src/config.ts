import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;
/** All that the workflow tells this program. */
export const environment: Environment = process.env;
const part = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/);
const folder = z
  .string()
  .regex(/^[^/\\\s][^\\\s]*$/)
  .refine((path) => path.split('/').every((one) => one !== '' && one !== '.' && one !== '..'));

const common = z.object({ PLANWARDEN_RUN: part, PLANWARDEN_ROUND: z.coerce.number().int().min(1) });
const start = common.extend({
  PLANWARDEN_KIND: z.enum(['plan', 'apply']),
  /** GitHub id of the release App's account. */
  PLANWARDEN_ACTOR_ID: z.coerce.number().int(),
  /** Of a plan: the commit that was asked for. */
  PLANWARDEN_COMMIT: z.string().optional(),
  GITHUB_SHA: z.string(),
  GITHUB_REF: z.string(),
  GITHUB_RUN_ID: z.coerce.number().int(),
  GITHUB_RUN_ATTEMPT: z.coerce.number().int(),
  GITHUB_ACTOR_ID: z.coerce.number().int(),
  GITHUB_API_URL: z.url(),
  GITHUB_REPOSITORY: z.string().regex(/^[^/]+\/[^/]+$/),
  GITHUB_TOKEN: z.string().min(1),
});
const stack = common.extend({
  PLANWARDEN_STACK: part,
  PLANWARDEN_PATH: folder,
  PLANWARDEN_BINARY: z.enum(['terraform', 'tofu']),
  GITHUB_WORKSPACE: z.string(),
  RUNNER_TEMP: z.string(),
});
const plan = stack.extend({ PLANWARDEN_PLAN_KEYS: z.string().min(1) });
const open = common.extend({ PLANWARDEN_APPLY_KEY: z.string().min(1), RUNNER_TEMP: z.string() });
const apply = stack.extend({ PLANWARDEN_PLAN_DIGEST: z.string(), PLANWARDEN_FILE_DIGEST: z.string() });

const reader =
  <T>(schema: z.ZodType<T>) =>
  (environment: Environment): T => {
    const read = schema.safeParse(environment);
    if (read.success) return read.data;
    const field = String(read.error.issues[0]?.path[0] ?? '');
    throw new PlanwardenError('CONFIG_INVALID', `${field} is missing, or is not what it must be`, {
      where: { field },
      remedy: 'Use the shipped workflow files as they are, and set the variables of their environment.',
    });
  };

/** What each command of the job is told, all of it by its environment. @throws PlanwardenError CONFIG_INVALID */
export const readStart = reader(start);
export const readPlan = reader(plan);
export const readOpen = reader(open);
export const readApply = reader(apply);
export type StartConfig = z.infer<typeof start>;
export type StackConfig = z.infer<typeof stack>;

/** Folder of the states. @throws PlanwardenError NOT_SUPPORTED where the job can reach none */
export function stateFolder({ PLANWARDEN_STATE_FOLDER: found }: Environment): string {
  if (found !== undefined && isAbsolute(found)) return found;
  throw new PlanwardenError('NOT_SUPPORTED', 'the state is not where this job can reach it', {
    where: { field: 'PLANWARDEN_STATE_FOLDER' },
    remedy: 'Only the sandbox hands its jobs a folder of states; a state elsewhere is not supported yet.',
  });
}

/** The program a shell would run. @throws PlanwardenError PLAN_UNAVAILABLE */
export function programOf(name: string, { PATH: path = '' }: Environment): string {
  for (const place of path.split(delimiter).filter(isAbsolute)) {
    try {
      accessSync(join(place, name), constants.X_OK);
      return join(place, name);
    } catch {
      // The next place may have it.
    }
  }
  throw new PlanwardenError('PLAN_UNAVAILABLE', `there is no ${name} in this job`, {
    remedy: 'Let the workflow set it up before this step.',
  });
}
