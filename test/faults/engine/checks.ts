import { setTimeout as delay } from 'node:timers/promises';
import type { RunState } from '@planwarden/contracts';
import { type RunRecord, type RunStore, rebuildRuns } from '@planwarden/runs';
import type pg from 'pg';
import type { Outside } from './outside.js';
import { ROUND_STARTS_AT, STEP_NAMES, type StepName, verifiedKey } from './pipeline.js';
import type { RunPlan } from './plan.js';
import { ONCE_KINDS, type OnceKind } from './targets.js';

export interface Entry {
  readonly run: string;
  readonly seq: number;
  readonly round: number;
  readonly step: string | null;
  readonly kind: string;
  readonly data: { readonly name?: string; readonly key?: string } | null;
  readonly fence: string;
  readonly digest: string;
}

export const JOURNAL = `SELECT run, seq, round, step, kind, data, fence, md5(e::text) AS digest FROM run_events e ORDER BY run, seq`;

export interface Checked {
  readonly problems: string[];
  /** Effects of which it was checked how often they took effect. */
  readonly effects: number;
}

export interface Trialled {
  /** Of one connection: any other one is left over. */
  readonly pool: pg.Pool;
  readonly store: RunStore;
  readonly outside: Outside;
  readonly plans: ReadonlyMap<string, RunPlan>;
  /** Cancels that were taken. */
  readonly canceled: ReadonlySet<string>;
  /** Entries that were read in the middle. */
  readonly seen: ReadonlyMap<string, string>;
}

const RELEASED: readonly OnceKind[] = ['apply', 'merge'];
/** Where the road may enter again in the same round. */
const AGAIN: readonly StepName[] = ['confirm', 'apply', 'merge'];

/** What must hold after everything has come to its end. */
export async function check(trial: Trialled): Promise<Checked> {
  const { pool, store, outside, plans, seen } = trial;
  const problems = [...outside.violations];
  const { rows: journal } = await pool.query<Entry>(JOURNAL);
  const now = new Set(journal.map(({ digest }) => digest));
  for (const [digest, what] of seen) if (!now.has(digest)) problems.push(`the journal was changed: ${what}`);
  let effects = 0;
  for (const [id, plan] of plans) {
    const run = await store.get(id);
    const entries = journal.filter((entry) => entry.run === id);
    problems.push(...atItsEnd(run, plan, entries, trial), ...inOrder(id, entries));
    for (let round = 1; round <= run.round; round += 1) {
      for (const kind of ONCE_KINDS) {
        effects += 1;
        problems.push(...onceOnly(run, round, kind, entries, outside));
      }
      effects += 2;
      problems.push(...idempotent(run, round, outside));
    }
  }
  problems.push(...(await nothingLeft(pool)));
  return { problems, effects };
}

function atItsEnd(run: RunRecord, plan: RunPlan, entries: readonly Entry[], { canceled, outside }: Trialled): string[] {
  const ends: readonly RunState[] = canceled.has(run.id) || !plan.ends.includes('canceled') ? plan.ends : ['applied'];
  const problems: string[] = [];
  if (!run.ended || !ends.includes(run.state)) {
    problems.push(
      `${run.id} is ${run.state} (${run.outcome?.code ?? run.wait?.message ?? ''}), not ${ends.join(' or ')}`,
    );
  }
  if (plan.code !== null && run.outcome?.code !== plan.code) {
    problems.push(`${run.id} says ${run.outcome?.code}, not ${plan.code}`);
  }
  const asked = entries.find(({ kind }) => kind === 'run:cancel-requested');
  if (!asked) return problems;
  const after = entries.filter(({ seq }) => seq > asked.seq);
  const before = entries.filter(({ seq }) => seq < asked.seq);
  const isReleased = before.some(
    ({ kind, round, data }) =>
      kind === 'effect:done' && round === asked.round && RELEASED.includes(data?.name as OnceKind),
  );
  if (isReleased) problems.push(`a cancel of ${run.id} was taken after something was released`);
  // Where only an intent is known the target is asked, and what it says decides.
  const isInDoubt = before.some(({ data }) => data?.name === 'apply');
  if (run.state === 'applied' && !isInDoubt) problems.push(`${run.id} was canceled in time and applied`);
  if (run.state !== 'canceled') return problems;
  // That a run sets out is written with its first entry: until then it stands before its first step.
  const at = asked.step ?? STEP_NAMES[0];
  const begun = after.filter(({ kind, step }) => kind === 'effect:intent' && step !== at);
  if (begun.length > 0) problems.push(`${run.id} began effects of later steps after its cancel`);
  for (const { data } of after.filter(({ kind }) => kind === 'effect:intent')) {
    const times = outside.targets.count(data?.name as OnceKind, data?.key ?? '');
    if (times > 0) problems.push(`${data?.name} of ${run.id} took effect though its intent came after the cancel`);
  }
  return problems;
}

function inOrder(id: string, entries: readonly Entry[]): string[] {
  const problems: string[] = [];
  entries.forEach(({ seq, fence, kind }, index) => {
    if (seq !== index + 1) problems.push(`the journal of ${id} has a gap at ${index + 1}`);
    if (Number(fence) < Number(entries[index - 1]?.fence ?? 0)) problems.push(`a fence of ${id} goes back at ${seq}`);
    if (entries[index - 1]?.kind === 'run:ended') problems.push(`${id} has ${kind} after its end`);
  });
  const done = entries
    .filter(({ kind }) => kind === 'effect:done')
    .map(({ step, data }) => `${step} ${data?.name} ${data?.key}`);
  if (new Set(done).size !== done.length) problems.push(`${id} records an effect twice`);
  const steps = entries.filter(({ kind, step }) => kind === 'step:done' && !AGAIN.includes(step as StepName));
  const passed = steps.map(({ round, step }) => `${round} ${step}`);
  if (new Set(passed).size !== passed.length) problems.push(`${id} did a step twice in a round`);
  const before = STEP_NAMES.slice(0, STEP_NAMES.indexOf(ROUND_STARTS_AT));
  if (steps.some(({ round, step }) => round > 1 && before.includes(step as StepName)))
    problems.push(`${id} began a round before ${ROUND_STARTS_AT}`);
  return problems;
}

function onceOnly(
  run: RunRecord,
  round: number,
  kind: OnceKind,
  entries: readonly Entry[],
  outside: Outside,
): string[] {
  const key = `${run.id}/${round}`;
  const times = outside.targets.count(kind, key);
  const has = (entry: string): boolean =>
    entries.some((one) => one.kind === entry && one.data?.name === kind && one.data.key === key);
  const isLast = round === run.round;
  const isReleased = RELEASED.includes(kind);
  const problems: string[] = [];
  const say = (what: string): void => void problems.push(`${kind} of ${key} ${what}`);
  if (times > 1) say(`took effect ${times} times`);
  if (has('effect:done') && times !== 1) say(`is recorded and took effect ${times} times`);
  if (!has('effect:intent') && times !== 0) say('took effect without an intent');
  if (has('effect:done') && !has('effect:intent')) say('is recorded without an intent');
  const isExpected = (run.state === 'applied' || !isLast) && (isLast || !isReleased);
  if (isExpected && times !== 1) say(`took effect ${times} times, not once`);
  if (isReleased && (!isLast || run.state === 'canceled') && times !== 0)
    say('took effect though nothing was released');
  return problems;
}

function idempotent(run: RunRecord, round: number, outside: Outside): string[] {
  const key = `${run.id}/${round}`;
  const isPast = run.state === 'applied' || round < run.round;
  const problems: string[] = [];
  const comments = outside.targets.count('comment', key);
  if (comments > 1 || (isPast && comments !== 1)) problems.push(`${comments} comments of ${key} stand`);
  if (isPast && outside.targets.text(key) !== 'checked') problems.push(`the text of ${key} is not there`);
  const isVerified = run.state === 'applied' && round === run.round;
  if (isVerified && outside.targets.text(verifiedKey(key)) !== 'verified') problems.push(`${key} was not verified`);
  return problems;
}

async function nothingLeft(pool: pg.Pool): Promise<string[]> {
  const problems: string[] = [];
  const { rows } = await pool.query<Record<string, string>>(
    `SELECT (SELECT count(*) FROM runs WHERE NOT ended) AS open,
            (SELECT count(*) FROM runs WHERE lease_owner IS NOT NULL OR lease_until IS NOT NULL) AS leased,
            (SELECT count(*) FROM runs WHERE ended AND wake_at IS NOT NULL) AS "due though ended",
            (SELECT count(*) FROM runs r WHERE fence < (SELECT max(fence) FROM run_events WHERE run = r.id)) AS "fences behind their journal",
            (SELECT count(*) FROM run_locks) AS locks, (SELECT count(*) FROM run_lock_waits) AS waits`,
  );
  for (const [what, count] of Object.entries(rows[0] ?? {}))
    if (Number(count) > 0) problems.push(`${count} ${what} left over`);
  const { mended } = await rebuildRuns(pool);
  if (mended > 0) problems.push(`${mended} runs had rows that their journal does not tell`);
  const until = Date.now() + 60_000;
  for (;;) {
    const { rows: others } = await pool.query<{ count: string }>(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
          AND pid <> pg_backend_pid()`,
    );
    if (Number(others[0]?.count) === 0) return problems;
    if (Date.now() > until) return [...problems, `${others[0]?.count} connections left over`];
    await delay(50);
  }
}
