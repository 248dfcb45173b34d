import { newId } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { cleanMessage } from './append-request.js';
import { Batcher, type Settled } from './batcher.js';
import { BEGIN_RUNS } from './begin-runs.sql.js';
import { NEW_RUN } from './projection.js';
import type { NewRun } from './run-event.js';
import { limitReached, type ReachedLimit, type RunLimits } from './run-limits.js';
import type { RunRecord } from './run-record.js';
import { sendTogether } from './send-together.js';
import { storedJson } from './stored-json.js';

/** Written in the transaction that begins a run. */
export type Beside = (client: pg.PoolClient, id: string) => Promise<void>;

/** A run that is asked for. */
interface Asked {
  readonly id: string;
  readonly run: NewRun;
  readonly pipeline: string;
  readonly limits: RunLimits;
  /** For BEGIN_RUNS. */
  readonly json: string;
}

type Client = Pick<pg.PoolClient, 'query'>;

/** Begins runs. Those that are asked for at the same time share a statement and its commit. */
export class RunStarts {
  readonly #batcher: Batcher<Asked, RunRecord>;

  constructor(private readonly pool: pg.Pool) {
    this.#batcher = new Batcher((asked) => sendTogether(asked, (together) => begin(this.pool, together)), {
      // They would wait for each other's locks.
      lanes: 1,
      most: 128,
      weigh: ({ json }) => json.length,
      fullAt: 8 * 1024 * 1024,
    });
  }

  /** @throws PlanwardenError RUN_LIMIT_REACHED; OUTPUT_REFUSED where the request cannot be stored */
  async start(run: NewRun, pipeline: string, limits: RunLimits, beside?: Beside): Promise<RunRecord> {
    const asked = ask(run, pipeline, limits);
    if (beside === undefined) return this.#batcher.add(asked);
    return withTransaction(this.pool, async (client) => {
      const [begun] = await begin(client, [asked]);
      if (begun === undefined || 'error' in begun) throw begun?.error;
      await beside(client, asked.id);
      return begun.value;
    });
  }
}

function ask(run: NewRun, pipeline: string, limits: RunLimits): Asked {
  const id = newId('run');
  const { title, target, environment, persona, requester, request, parent = null } = run;
  const told = { title, target, environment, persona, request, parent, pipeline };
  const data = storedJson({ ...told, requester }, 'the request');
  const row = {
    ...told,
    id,
    principal: requester.principal,
    on_behalf_of: requester.onBehalfOf,
    message: cleanMessage(`asked for by ${requester.principal}`),
    most_of_target: limits.openRuns,
    most_open: limits.requester?.openRuns,
    most_an_hour: limits.requester?.runsAnHour,
    most_locks: limits.requester?.locks,
  };
  return { id, run, pipeline, limits, json: `${JSON.stringify(row).slice(0, -1)},"data":${data}}` };
}

interface BegunRow {
  id: string;
  refused: ReachedLimit | null;
  begun: Date;
}

async function begin(client: Client, asked: readonly Asked[]): Promise<Settled<RunRecord>[]> {
  const { rows } = await client.query<BegunRow>({
    ...BEGIN_RUNS,
    values: [`[${asked.map(({ json }) => json).join(',')}]`],
  });
  const begun = new Map(rows.map((row) => [row.id, row]));
  return asked.map((one) => {
    const row = begun.get(one.id);
    if (row === undefined) return { error: new Error('a run was neither begun nor refused') };
    if (row.refused !== null) return { error: limitReached(row.refused, one.run, one.limits) };
    return { value: recordOf(one, row.begun.toISOString()) };
  });
}

/** The run as its row says it now. */
function recordOf({ id, run, pipeline }: Asked, at: string): RunRecord {
  const { parent = null, request, requester, ...named } = run;
  const { state, ended, round, step, outcome, cancel, discard } = NEW_RUN;
  return {
    ...named,
    id,
    pipeline,
    parent,
    // As it was stored.
    request: JSON.parse(JSON.stringify(request ?? null)),
    requester: { principal: requester.principal, onBehalfOf: requester.onBehalfOf },
    ...{ state, ended, round, step, outcome, cancel, discard, wait: null },
    createdAt: at,
    updatedAt: at,
  };
}
