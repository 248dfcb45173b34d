import type { EndState, ErrorBody, Log, RunState, WaitReason } from '@planwarden/contracts';
import type { LockDemand } from './locks.js';
import type { RunRecord } from './run-record.js';

/** Anything that turns an unknown value into a known shape or throws: a zod schema fits. */
export interface Shape<T> {
  parse(value: unknown): T;
}

/** What a `once` effect's target answers when asked what an earlier attempt did. */
export type Reconciled =
  | { readonly found: 'absent' }
  | { readonly found: 'present'; readonly result: unknown }
  | { readonly found: 'double'; readonly message: string };

/** What fences an effect (or a telling) at its target: one row of docs/durability.md. Short phrases, as they are to be read there. */
export interface EffectRace {
  /** What makes it findable. */
  readonly key: string;
  /** The target's own compare-and-set, or why none is needed. */
  readonly guard: string;
  /** What is asked on doubt. */
  readonly asks: string;
  /** What two requests that race leave. */
  readonly leaves: string;
}

/**
 * An act of a step on the outside. `idempotent`: doing it again changes nothing. `once`: its intent is journaled
 * first, and on any doubt `reconcile` asks the target before it is tried again.
 */
export type Effect =
  | {
      readonly name: string;
      readonly kind: 'idempotent';
      readonly race: EffectRace;
      key(run: RunRecord): string;
    }
  | {
      readonly name: string;
      readonly kind: 'once';
      readonly race: EffectRace;
      /** Deterministic: made of run and round only. */
      key(run: RunRecord): string;
      reconcile(context: StepContext, key: string): Promise<Reconciled>;
    };

/**
 * Words of a run on the outside that nothing is decided by: not journaled, so that a poll which tells nothing new writes
 * nothing; said again after a crash. They have their row all the same.
 */
export interface Telling {
  readonly name: string;
  readonly race: EffectRace;
}

/** How a step ends. An expected refusal is an outcome; a thrown PlanwardenError is classified by its `failure`. */
export type StepOutcome =
  | { readonly kind: 'done'; readonly output?: unknown; readonly message: string }
  /** Parks the run; a wake-up or the time enters the same step again. */
  | { readonly kind: 'wait'; readonly reason: WaitReason; readonly message: string; readonly forMs: number }
  | { readonly kind: 'new-round'; readonly error: ErrorBody }
  /** Enters an earlier step of the same round again, e.g. confirm when an Approval grew old. */
  | { readonly kind: 'back'; readonly step: string; readonly message: string }
  | { readonly kind: 'end'; readonly state: EndState; readonly error: ErrorBody | null; readonly message: string };

export interface StepContext {
  readonly run: RunRecord;
  /** Fencing number of the lease under which this step runs. */
  readonly fence: number;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Memory of this advance only: what must never be stored, such as an Approval. */
  readonly carry: Map<string, unknown>;
  /** Output of a step: of this round, else of the latest round before. @throws Error when there is none */
  output<T>(step: string, shape: Shape<T>): Promise<T>;
  /** As `output`, or undefined where the step has none yet. */
  outputIfAny<T>(step: string, shape: Shape<T>): Promise<T | undefined>;
  /** Does a declared effect of this step: at most once for its key, whatever was tried before. */
  effect<T>(name: string, shape: Shape<T>, act: (key: string) => Promise<T>): Promise<T>;
  /** Says something declared in `tells`, under a lease that is surely held. @throws PlanwardenError LEASE_LOST; what `say` throws */
  tell<T>(name: string, say: () => Promise<T>): Promise<T>;
  /** Writes a journal entry that only people read. */
  note(message: string, data?: unknown): Promise<void>;
  /** Takes the named lock for the run, or a place in its queue (false). See locks.ts for when it is given back. */
  takeLock(name: string, demand?: LockDemand): Promise<boolean>;
  /** Gives it back before the run ends, or leaves its queue. */
  giveLock(name: string): Promise<void>;
  /** From here it is never handed on, and an apply that fails leaves it behind. */
  pinLock(name: string): Promise<void>;
  /** Hands it on to whoever waits for it, where it was the run's own for that long. @returns the run that has it now */
  handOnLock(name: string, afterSeconds: number): Promise<string | null>;
}

/** Every effect and telling of a pipeline as rows of a Markdown table, in the order of the road. */
export function effectsTable(pipeline: Pipeline): string {
  const row = (at: string, kind: string, { name, race }: Pick<Effect, 'name' | 'race'>): string[] => [
    at,
    name,
    kind,
    race.key,
    race.guard,
    race.asks,
    race.leaves,
  ];
  const rows = [
    ...pipeline.steps.flatMap(({ name, effects, tells = [] }) => [
      ...effects.map((effect) => row(`\`${name}\``, effect.kind, effect)),
      ...tells.map((telling) => row(`\`${name}\``, 'told', telling)),
    ]),
    ...(pipeline.beforeEnd?.tells ?? []).map((telling) => row('before an end', 'told', telling)),
  ];
  const head = [
    'step',
    'effect',
    'kind',
    'key',
    "the target's own compare-and-set",
    'asked on doubt',
    'two that race leave',
  ];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One step of a pipeline. */
export interface Step {
  readonly name: string;
  readonly state: RunState;
  /** State entered when the step is done, where that is a state of its own. */
  readonly doneState?: RunState;
  readonly effects: readonly Effect[];
  readonly tells?: readonly Telling[];
  /** Name of the step at which the road enters again when this one is met by a new lease. */
  readonly reentersAt?: string;
  /** Effect of this step after which there is nothing left to release: once it is done, the step itself is entered again. */
  readonly staysAfter?: string;
  /** End state of a failure that cannot be mended by trying again. Default `errored`. */
  readonly failsAs?: EndState;
  /** Longest time of one execution in milliseconds. Default: the engine's. */
  readonly deadlineMs?: number;
  execute(context: StepContext): Promise<StepOutcome>;
}

export interface Pipeline {
  readonly version: string;
  readonly steps: readonly Step[];
  /** Where a new round begins. */
  readonly roundStartsAt: string;
  readonly maxRounds: number;
  /** How a run ends that did its last step. Default `applied`. */
  readonly endsAs?: EndState;
  readonly beforeEnd?: BeforeEnd;
}

/** Tidies the outside before an end other than `endsAs` is journaled. Must be safe to repeat; its failure is logged. */
export interface BeforeEnd {
  readonly tells: readonly Telling[];
  tidy(context: Omit<StepContext, 'effect'>, end: { state: EndState; error: ErrorBody | null }): Promise<void>;
}

export const done = (message: string, output?: unknown): StepOutcome => ({ kind: 'done', message, output });

/**
 * Checks a pipeline once, at start.
 * @throws Error naming the step that cannot work
 */
export function assertPipeline(pipeline: Pipeline): void {
  const names = pipeline.steps.map((step) => step.name);
  if (new Set(names).size !== names.length) throw new Error('a pipeline names a step twice');
  if (!names.includes(pipeline.roundStartsAt)) throw new Error(`no step ${pipeline.roundStartsAt} to start a round at`);
  for (const telling of pipeline.beforeEnd?.tells ?? []) assertRow(telling, 'the end');
  for (const [index, step] of pipeline.steps.entries()) {
    if (step.reentersAt !== undefined && !names.slice(0, index).includes(step.reentersAt)) {
      throw new Error(`${step.name} re-enters at ${step.reentersAt}, which is not before it`);
    }
    if (step.staysAfter !== undefined && !step.effects.some(({ name }) => name === step.staysAfter)) {
      throw new Error(`${step.name} stays after ${step.staysAfter}, which is none of its effects`);
    }
    for (const telling of step.tells ?? []) assertRow(telling, step.name);
    for (const effect of step.effects) {
      assertRow(effect, step.name);
      if (effect.kind === 'once' && typeof effect.reconcile !== 'function') {
        throw new Error(`effect ${effect.name} of ${step.name} is "once" and has no reconcile`);
      }
    }
  }
}

function assertRow({ name, race }: Pick<Effect, 'name' | 'race'>, of: string): void {
  const { key, guard, asks, leaves } = race ?? {};
  if ([key, guard, asks, leaves].every((phrase) => typeof phrase === 'string' && phrase.trim() !== '')) return;
  throw new Error(`effect ${name} of ${of} does not say what a race at its target leaves`);
}
