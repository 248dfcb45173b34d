import { type EndState, PlanwardenError } from '@planwarden/contracts';
import {
  done,
  type Effect,
  type Pipeline,
  type Reconciled,
  type RunRecord,
  type Step,
  type StepContext,
  type StepOutcome,
} from '@planwarden/runs';
import type { OutsideClient } from './outside-client.js';
import type { OnceKind } from './targets.js';

export const VERSION = 'faults/1';

/** What a step may do that it should not: the first three are mended by trying again. */
export const PASSING = ['hangs', 'never settles', 'fails once'] as const;
export const FATAL = ['throws a text', 'throws nothing', 'answers nothing', 'answers 20 MB'] as const;
export type Misbehaviour = (typeof PASSING | typeof FATAL)[number];

/** The request of a run of the fixture. */
export interface FixtureRequest {
  /** How many rounds it takes. */
  readonly rounds: number;
  /** Two runs share a lock. */
  readonly lock: string;
  readonly misbehaves: { readonly step: StepName; readonly how: Misbehaviour } | null;
}

export const STEP_NAMES = ['gather', 'validate', 'plan', 'check-plan', 'confirm', 'apply', 'merge', 'verify'] as const;
export type StepName = (typeof STEP_NAMES)[number];
/** In the middle of the road: what stands before it is done in the first round, and read in all of them. */
export const ROUND_STARTS_AT: StepName = 'validate';

const asAny = { parse: (value: unknown) => value };
const asSha = {
  parse: (value: unknown): { sha: string } => {
    if (typeof value === 'object' && value !== null && 'sha' in value) return { sha: String(value.sha) };
    throw new Error('no sha');
  },
};

const asGathered = {
  parse: (value: unknown): { of: string; round: number } => value as { of: string; round: number },
};

export const keyOf = ({ id, round }: Pick<RunRecord, 'id' | 'round'>): string => `${id}/${round}`;
/** Whoever writes a text under a key writes the same: one who comes late does no harm. */
export const verifiedKey = (key: string): string => `${key} verified`;
const requestOf = (run: RunRecord): FixtureRequest => run.request as FixtureRequest;

/** A road of eight steps with every kind of target, driven by what the run asks for. */
export function fixturePipeline(outside: OutsideClient): Pipeline {
  const race = { key: 'run and round', guard: 'see targets.ts', asks: 'the target', leaves: 'one' };
  const once = (name: OnceKind): Effect => ({
    name,
    kind: 'once',
    race,
    key: keyOf,
    reconcile: async ({ run }, key) => (await outside.ask(name, { key, run: run.id })) as Reconciled,
  });
  const idempotent = (name: string): Effect => ({ name, kind: 'idempotent', race, key: keyOf });
  const step = (name: StepName, rest: Omit<Step, 'name'>): Step => ({
    name,
    ...rest,
    execute: (context) => misbehaving(name, context, outside, () => rest.execute(context)),
  });
  const steps: Step[] = [
    step('gather', {
      state: 'validating',
      effects: [],
      execute: async ({ run }) => done('gathered', { of: run.id, round: run.round }),
    }),
    step('validate', {
      state: 'validating',
      effects: [once('ref')],
      execute: async (context) => {
        const { of, round } = await context.output('gather', asGathered);
        if (of !== context.run.id || round !== 1)
          throw new Error('this is what another run gathered, or another round');
        return done('branched', await act(context, 'ref', outside));
      },
    }),
    step('plan', {
      state: 'planning',
      effects: [once('commit')],
      execute: async (context) => {
        const { lock } = requestOf(context.run);
        if (!(await context.takeLock(lock))) {
          return { kind: 'wait', reason: 'lock', message: 'another run holds the lock', forMs: 500 };
        }
        const { sha } = await context.output('validate', asSha);
        return done('planned', await act(context, 'commit', outside, { from: sha }));
      },
    }),
    step('check-plan', {
      state: 'policy_checking',
      effects: [once('pull'), idempotent('comment'), idempotent('text')],
      execute: async (context) => {
        await act(context, 'pull', outside);
        await context.effect('comment', asAny, (key) => comment(outside, context, key));
        await context.effect('text', asAny, (key) => put(outside, context, key, 'checked'));
        return done('checked');
      },
    }),
    step('confirm', {
      state: 'awaiting_approval',
      doneState: 'confirmed',
      effects: [],
      execute: (context) => confirm(context, outside),
    }),
    step('apply', {
      state: 'applying',
      reentersAt: 'confirm',
      failsAs: 'apply_failed',
      effects: [once('apply')],
      execute: async (context) => done('applied', await act(context, 'apply', outside, { serial: 0 })),
    }),
    step('merge', {
      state: 'merging',
      reentersAt: 'confirm',
      failsAs: 'apply_failed',
      effects: [once('merge')],
      execute: async (context) => {
        const { sha } = await context.output('plan', asSha);
        return done('merged', await act(context, 'merge', outside, { sha }));
      },
    }),
    step('verify', {
      state: 'verifying',
      failsAs: 'verify_failed',
      effects: [idempotent('text')],
      execute: async (context) => {
        await context.effect('text', asAny, (key) => put(outside, context, verifiedKey(key), 'verified'));
        return done('verified');
      },
    }),
  ];
  return { version: VERSION, steps, roundStartsAt: ROUND_STARTS_AT, maxRounds: 5 };
}

/** How a run ends whose step fails for good. */
export const failsAs = (step: StepName): EndState => {
  if (step === 'verify') return 'verify_failed';
  return step === 'apply' || step === 'merge' ? 'apply_failed' : 'errored';
};

function act(context: StepContext, kind: OnceKind, outside: OutsideClient, more: object = {}): Promise<unknown> {
  return context.effect(kind, asAny, (key) => outside.do(kind, { key, run: context.run.id, ...more }));
}

/** Found by its key; of two that raced the younger is removed. */
async function comment(outside: OutsideClient, { run }: StepContext, key: string): Promise<unknown> {
  const ask = { key, run: run.id };
  if ((await outside.comments(ask)).length === 0) await outside.do('comment', ask);
  for (const id of (await outside.comments(ask)).slice(1)) await outside.uncomment({ ...ask, id });
  return { key };
}

const put = (outside: OutsideClient, { run }: StepContext, key: string, value: string): Promise<unknown> =>
  outside.do('text', { key, run: run.id, value });

async function confirm({ run }: StepContext, outside: OutsideClient): Promise<StepOutcome> {
  if (!(await outside.voted({ key: run.id, run: run.id }))) {
    return { kind: 'wait', reason: 'approval', message: 'one vote is missing', forMs: 600_000 };
  }
  if (run.round >= requestOf(run).rounds) return done('confirmed');
  const error = { code: 'HEAD_MOVED', message: 'the branch moved', remedy: 'none' } as const;
  return { kind: 'new-round', error };
}

async function misbehaving(
  step: StepName,
  { run, signal }: StepContext,
  outside: OutsideClient,
  behave: () => Promise<StepOutcome>,
): Promise<StepOutcome> {
  const { misbehaves } = requestOf(run);
  if (misbehaves === null || misbehaves.step !== step) return behave();
  const isFirst = await outside.misbehaves({ key: `${run.id} ${step}`, run: run.id });
  switch (misbehaves.how) {
    case 'hangs':
      if (!isFirst) return behave();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      throw new Error('stopped');
    case 'never settles':
      return isFirst ? new Promise<never>(() => undefined) : behave();
    case 'fails once':
      if (!isFirst) return behave();
      throw new PlanwardenError('OUTSIDE_UNAVAILABLE', 'not now', { remedy: 'Wait.', failure: 'retryable' });
    case 'throws a text':
      return Promise.reject('no error at all');
    case 'throws nothing':
      return Promise.reject(undefined);
    case 'answers nothing':
      await behave();
      return undefined as never;
    case 'answers 20 MB': {
      const outcome = await behave();
      return outcome.kind === 'done' ? done('read', { text: 'x'.repeat(20 * 1024 * 1024) }) : outcome;
    }
  }
}
