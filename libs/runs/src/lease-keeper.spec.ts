import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase, withTransaction } from '@planwarden/database';
import { migrateRuns, type RunRecord, RunStore } from './index.js';
import { LeaseKeeper } from './lease.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
  await migrateRuns(db.pool);
});
afterAll(() => db.close());

const LEASE_MS = 90;
let targets = 0;
/** A run that this owner holds. */
async function held(owner: string, fence: number): Promise<RunRecord> {
  targets += 1;
  const requester = { principal: `agent:${targets}`, onBehalfOf: null };
  const asked = { title: 'Run nginx', target: `t-${targets}`, environment: 'staging', persona: 'devops', requester };
  const run = await new RunStore(db.pool).start({ ...asked, request: {} }, 'test/1', { openRuns: 10 });
  await db.pool.query('UPDATE runs SET lease_owner = $2, fence = $3, lease_until = clock_timestamp() WHERE id = $1', [
    run.id,
    owner,
    fence,
  ]);
  return run;
}

/** Keeps leases and writes down what it is told of each. */
function keeping(owner: string, leases: readonly (readonly [name: string, run: RunRecord, fence: number])[]) {
  const keeper = new LeaseKeeper(db.pool, owner, LEASE_MS, () => performance.now());
  const told: string[] = [];
  const stops = leases.map(([name, run, fence]) =>
    keeper.keep(
      { run: run.id, owner, fence, leaseMs: LEASE_MS },
      {
        kept: () => void told.push(`${name} kept`),
        lost: () => void told.push(`${name} lost`),
        canceled: () => void told.push(`${name} canceled`),
      },
    ),
  );
  const hears = async (...what: string[]) => {
    while (!what.every((one) => told.includes(one))) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const stop = () => {
    for (const one of stops) one();
  };
  return { told, hears, stop };
}

describe('leases of a process', () => {
  test('of two of one run only the one that holds is kept', async () => {
    const run = await held('twice', 2);
    const { told, hears, stop } = keeping('twice', [
      ['before', run, 1],
      ['now', run, 2],
    ]);
    await hears('before lost', 'now kept');
    stop();
    expect(new Set(told)).toEqual(new Set(['before lost', 'now kept']));
  });

  test('are kept also while somebody has the row of one of them, who is told nothing until it is free', async () => {
    const [busy, other, lost] = [await held('one', 1), await held('one', 1), await held('another', 2)];
    const leases = [
      ['busy', busy, 1],
      ['other', other, 1],
      ['lost', lost, 1],
    ] as const;
    const heard = await withTransaction(db.pool, async (client) => {
      await client.query('SELECT 1 FROM runs WHERE id = $1 FOR UPDATE', [busy.id]);
      const { told, hears, stop } = keeping('one', leases);
      await hears('other kept', 'lost lost');
      stop();
      return told;
    });
    expect(new Set(heard)).toEqual(new Set(['other kept', 'lost lost']));
    const { hears, stop } = keeping('one', leases);
    await hears('busy kept', 'other kept', 'lost lost');
    stop();
  });

  test('tell of a cancel', async () => {
    const run = await held('one', 1);
    await new RunStore(db.pool).requestCancel(run.id, { by: 'person:owner', reason: 'wrong' });
    const { hears, stop } = keeping('one', [['it', run, 1]]);
    await hears('it kept', 'it canceled');
    stop();
  });
});
