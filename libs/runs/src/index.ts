export type { Bell, BellListener } from './bell.js';
export { type BellBackend, listenToBell, openBell } from './bell-backend.js';
export type { RedisBellOptions } from './bell-redis.js';
export type { FirstHolder, FirstLease, Room } from './first-lease.js';
export { type Claimed, releaseLeases } from './lease.js';
export { passKeptLocks } from './lock-rows.js';
export { type LockDemand, LockStore, type LockView } from './locks.js';
export { type Rebuilt, rebuildRuns } from './rebuild.js';
export { type RunFilter, RunStore } from './run.repository.js';
export { type Advance, RunEngine } from './run-engine.js';
export { RUN_FAULT_POINTS, type RunEngineOptions } from './run-engine-options.js';
export type { Demand, NewRun, RunParent } from './run-event.js';
export type { RequesterLimits, RunLimits } from './run-limits.js';
export type { RunRecord, StepRecord } from './run-record.js';
export type { BegunRun } from './run-starts.js';
export { assertTransition, CANCELABLE_STATES, isEndState, RUN_TRANSITIONS, runStatesDiagram } from './run-states.js';
export { migrateRuns } from './runs.migrations.js';
export {
  assertPipeline,
  type BeforeEnd,
  done,
  type Effect,
  type EffectRace,
  effectsTable,
  type Pipeline,
  type Reconciled,
  type Shape,
  type Step,
  type StepContext,
  type StepOutcome,
  type Telling,
} from './step.js';
export { createWorker, type RunWorker, type WorkerOptions } from './worker.js';
