import { newId } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { cleanMessage } from './append-request.js';
import { Batcher, type Settled } from './batcher.js';
import { BEGIN_RUNS } from './begin-runs.sql.js';
import type { FirstHolder, Room } from './first-lease.js';
import { NEW_RUN } from './projection.js';
import type { NewRun } from './run-event.js';
import { limitReached, type ReachedLimit, type RunLimits } from './run-limits.js';
import type { RunRecord } from './run-record.js';
import { sendTogether } from './send-together.js';
import { storedJson } from './stored-json.js';

/** Written in the transaction that begins a run. */
export type Beside = (client: pg.PoolClient, id: string) => Promise<void>;

/** A run that has begun. */
export interface BegunRun {
  readonly run: RunRecord;
  /** A worker of this process took it as it began and carries it already: no bell needs to ring for it. */
  readonly isTaken: boolean;
}

/** A run that is asked for. */
interface Asked {
  readonly id: string;
  readonly run: NewRun;
  readonly pipeline: string;
  readonly limits: RunLimits;
  /** For BEGIN_RUNS, to be closed when it is sent. */
  readonly json: string;
}

/** What BEGIN_RUNS writes into the row of a run that begins under a lease. */
const FIRST_FENCE = 1;
const FIRST_WAKES = 1;

type Client = Pick<pg.PoolClient, 'query'>;

/** Begins runs. Those that are asked for at the same time share a statement and its commit. */
export class RunStarts {
  readonly #batcher: Batcher<Asked, BegunRun>;
  #holder: FirstHolder | undefined;

  constructor(private readonly pool: pg.Pool) {
    const send = (together: readonly Asked[]) => begin(this.pool, together, this.#holder);
    this.#batcher = new Batcher((asked) => sendTogether(asked, send), {
      // They would wait for each other's locks.
      lanes: 1,
      most: 128,
      weigh: ({ json }) => json.length,
      fullAt: 8 * 1024 * 1024,
    });
  }

  /** From now on this worker takes runs as they begin, as far as it has room. */
  offerTo(holder: FirstHolder): void {
    this.#holder = holder;
  }

  /** @throws PlanwardenError RUN_LIMIT_REACHED; OUTPUT_REFUSED where the request cannot be stored */
  async begin(run: NewRun, pipeline: string, limits: RunLimits, beside?: Beside): Promise<BegunRun> {
    const asked = ask(run, pipeline, limits);
    if (beside === undefined) return this.#batcher.add(asked);
    // Nobody may carry what is not committed: it begins free, and the bell rings.
    return withTransaction(this.pool, async (client) => {
      const [begun] = await begin(client, [asked], undefined);
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
  return { id, run, pipeline, limits, json: `${JSON.stringify(row).slice(0, -1)},"data":${data}` };
}

interface BegunRow {
  id: string;
  refused: ReachedLimit | null;
  begun: Date;
  held_request: unknown;
}

async function begin(
  client: Client,
  asked: readonly Asked[],
  holder: FirstHolder | undefined,
): Promise<Settled<BegunRun>[]> {
  const rooms = asked.map(({ pipeline }) => holder?.room(pipeline));
  try {
    const json = asked.map((one, index) => `${one.json}${leaseJson(rooms[index])}}`);
    const { rows } = await client.query<BegunRow>({ ...BEGIN_RUNS, values: [`[${json.join(',')}]`] });
    const begun = new Map(rows.map((row) => [row.id, row]));
    return asked.map((one, index) => {
      const room = rooms[index];
      const settled = settle(one, begun.get(one.id), room);
      if ('value' in settled) rooms[index] = undefined;
      return settled;
    });
  } finally {
    for (const room of rooms) room?.leave();
  }
}

const leaseJson = (room: Room | undefined): string =>
  room === undefined ? '' : `,"owner":${JSON.stringify(room.owner)},"lease":${room.leaseMs}`;

function settle(asked: Asked, row: BegunRow | undefined, room: Room | undefined): Settled<BegunRun> {
  if (row === undefined) return { error: new Error('a run was neither begun nor refused') };
  if (row.refused !== null) return { error: limitReached(row.refused, asked.run, asked.limits) };
  const run = recordOf(asked, row.begun.toISOString());
  room?.take({
    hold: { run: run.id, owner: room.owner, fence: FIRST_FENCE, leaseMs: room.leaseMs },
    // As a claim would read it.
    run: { ...run, request: row.held_request },
    view: NEW_RUN,
    askedAt: room.askedAt,
    seenWakes: FIRST_WAKES,
    mayHaveLocks: false,
  });
  return { value: { run, isTaken: room !== undefined } };
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
