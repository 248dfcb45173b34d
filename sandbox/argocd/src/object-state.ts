import type { KubeRef } from './cluster-api.js';
import { TRACKING, trackingId } from './desired-objects.js';
import { type Health, healthOf } from './health.js';
import { at, type Json } from './json.js';

/** One object of an application: what Git wants and what the cluster has. */
export interface ObjectState {
  readonly ref: KubeRef;
  /** Undefined: Git names it no more. */
  readonly desired: Json | undefined;
  readonly live: Json | undefined;
  readonly isSynced: boolean;
  readonly health: Health | undefined;
  readonly needsPruning: boolean;
}

export const stateOf = (
  ref: KubeRef,
  desired: Json | undefined,
  live: Json | undefined,
  isSynced: boolean,
): ObjectState => ({
  ref,
  desired,
  live,
  isSynced,
  health: live === undefined ? 'Missing' : desired === undefined ? undefined : healthOf(live),
  needsPruning: desired === undefined,
});

export const isTracked = (application: string, live: Json, ref: KubeRef): boolean =>
  at(live, 'metadata', 'annotations', TRACKING) === trackingId(application, ref);
