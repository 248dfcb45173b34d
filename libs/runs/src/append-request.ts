import { redactText } from '@planwarden/redaction';
import { project, type RunView } from './projection.js';
import type { RunEventEntry } from './run-event.js';
import { jsonText, storedJson, storedText } from './stored-json.js';

/** The lease under which a worker writes; every entry of the journal carries its fence. */
export interface LeaseHold {
  readonly run: string;
  readonly owner: string;
  readonly fence: number;
  readonly leaseMs: number;
}

/** When the run is looked at next, and whether the worker lets go of it. */
export interface Timing {
  readonly wakeInMs?: number;
  readonly release?: boolean;
}

/** A part of a row as JSON, to be closed when it is sent: its time is reckoned then. */
interface Open {
  readonly key: string;
  readonly json: string;
}

/** An entry in its place, written as JSON once. It may be sent a little after it was made. */
export interface PreparedEntry {
  /** What the run is after it. */
  readonly view: RunView;
  /** performance.now() */
  readonly madeAt: number;
  readonly entry: string;
  readonly step: Open | undefined;
  readonly effect: Open | undefined;
}

/** One append of one run. */
export interface AppendRequest {
  readonly hold: LeaseHold;
  readonly view: RunView;
  readonly entries: readonly PreparedEntry[];
  readonly timing: Timing & { readonly seenWakes: number };
}

/** JSON rows for the four parameters of APPEND_BATCH. */
export interface AppendRows {
  readonly runs: string[];
  readonly entries: string[];
  readonly steps: string[];
  readonly effects: string[];
}

/** @throws PlanwardenError OUTPUT_REFUSED where it cannot be stored */
export function prepareEntry(run: string, before: RunView, written: RunEventEntry): PreparedEntry {
  const entry = { ...written, message: cleanMessage(written.message) };
  const { view, round, step, stepChange, effectChange } = project(before, entry);
  const head = JSON.stringify({ run, round, step, kind: entry.kind, message: entry.message }).slice(0, -1);
  const what = `the entry ${entry.kind} of ${step ?? 'the run'}`;
  const prepared: PreparedEntry = {
    view,
    madeAt: performance.now(),
    entry: `${head},"data":${storedJson(entry.data ?? null, what)}`,
    step: stepChange && {
      key: `${stepChange.round} ${stepChange.step}`,
      json: jsonText({ run, ...stepChange, output: stepChange.output ?? null }, what).slice(0, -1),
    },
    effect: effectChange && {
      key: JSON.stringify([effectChange.step, effectChange.name, effectChange.key]),
      json: jsonText({ run, ...effectChange, result: effectChange.result ?? null }, what),
    },
  };
  return prepared;
}

export const weightOf = ({ entries }: AppendRequest): number =>
  entries.reduce((sum, { entry, step }) => sum + entry.length + (step?.json.length ?? 0), 500);

/** Rows of many appends. @param now performance.now() at the sending */
export function appendRows(requests: readonly AppendRequest[], now: number): AppendRows {
  const rows: AppendRows = { runs: [], entries: [], steps: [], effects: [] };
  for (const request of requests) addRows(rows, request, now);
  return rows;
}

function addRows(rows: AppendRows, request: AppendRequest, now: number): void {
  const { entries } = request;
  const ago = (then: number): string => Math.max(0, now - then).toFixed(3);
  rows.runs.push(`${runJson(request)},"ago":${ago(entries.at(-1)?.madeAt ?? now)}}`);
  // The later change of the same step in one append stands; it began when the earlier one did.
  let steps: Map<string, { readonly started: number; readonly at: number; readonly json: string }> | undefined;
  let effects: Map<string, string> | undefined;
  for (const [index, { entry, madeAt, step, effect }] of entries.entries()) {
    rows.entries.push(`${entry},"i":${index + 1},"ago":${ago(madeAt)}}`);
    if (step) {
      steps ??= new Map();
      steps.set(step.key, { started: steps.get(step.key)?.started ?? madeAt, at: madeAt, json: step.json });
    }
    if (effect) {
      effects ??= new Map();
      effects.set(effect.key, effect.json);
    }
  }
  for (const { started, at, json } of steps?.values() ?? []) {
    rows.steps.push(`${json},"ago":${ago(at)},"started":${ago(started)}}`);
  }
  if (effects) rows.effects.push(...effects.values());
}

function runJson({ hold, view, entries, timing }: AppendRequest): string {
  const row = {
    id: hold.run,
    owner: hold.owner,
    fence: hold.fence,
    lease: hold.leaseMs,
    n: entries.length,
    state: view.state,
    ended: view.ended,
    round: view.round,
    step: view.step,
    attempts: view.attempts,
    wait_reason: view.waitReason,
    wait_message: view.waitMessage,
    outcome: view.outcome,
    wake: timing.wakeInMs ?? null,
    wakes: timing.seenWakes,
    release: timing.release ?? false,
  };
  return JSON.stringify(row).slice(0, -1);
}

const known = new Map<string, string>();

/** Redacted and storable. Messages repeat: short ones are remembered, and not many. */
export function cleanMessage(message: string): string {
  const found = known.get(message);
  if (found !== undefined) return found;
  const clean = storedText(redactText(message));
  if (message.length > 200) return clean;
  if (known.size >= 1000) known.clear();
  known.set(message, clean);
  return clean;
}
