import { afterEach, describe, expect, test } from '@jest/globals';
import { newId } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { migrateRuns, RunStore } from './index.js';

let db: TestDatabase;
afterEach(() => db.close());

const asked = (target: string) => ({
  ...{ title: 'Run nginx', target, environment: 'staging', persona: 'devops', request: {} },
  requester: { principal: 'agent:a', onBehalfOf: null },
});

/** A run as the release before first leases begins one. */
async function begunByTheOldRelease(target: string): Promise<string> {
  const id = newId('run');
  const { requester, ...told } = asked(target);
  const row = { ...told, id, pipeline: 'old/1', principal: requester.principal, message: 'm', data: {} };
  const { rows } = await db.pool.query('SELECT id, refused, begun FROM runs_begin_1($1)', [
    JSON.stringify([{ ...row, most_of_target: 1 }]),
  ]);
  expect(rows).toMatchObject([{ id, refused: null }]);
  return id;
}

/** Takes the database back to how a release left it that ended with this migration. */
async function backTo(last: string, undo: string): Promise<void> {
  await db.pool.query(undo);
  await db.pool.query("DELETE FROM schema_migrations WHERE lib = 'runs' AND name > $1", [last]);
}

describe('a database of the release before first leases (0007)', () => {
  test('is brought up to date with its runs; that release goes on beginning runs, and both count them', async () => {
    db = await startTestDatabase();
    await migrateRuns(db.pool);
    await backTo('0007-lock-journal', 'DROP FUNCTION runs_begin_2');
    const before = await begunByTheOldRelease('before');
    await migrateRuns(db.pool);
    const beside = await begunByTheOldRelease('beside');
    const store = new RunStore(db.pool);
    for (const target of ['before', 'beside']) {
      const begun = store.begin(asked(target), 'old/1', { openRuns: 1 });
      await expect(begun).rejects.toMatchObject({ code: 'RUN_LIMIT_REACHED', where: { field: 'target' } });
    }
    const [here, elsewhere] = await Promise.allSettled([
      store.begin(asked('here'), 'old/1', { openRuns: 1 }),
      store.begin(asked('before'), 'old/1', { openRuns: 1 }),
    ]);
    expect([here.status, elsewhere.status]).toEqual(['fulfilled', 'rejected']);
    expect(await store.due(10)).toEqual(expect.arrayContaining([before, beside]));
  });
});

describe('a database of a checkout between two releases', () => {
  test('is refused by name: only what a release left is brought up to date', async () => {
    db = await startTestDatabase();
    await migrateRuns(db.pool);
    // It had the begin of runs under a lease in two migrations, the first of this name.
    await db.pool.query("UPDATE schema_migrations SET digest = 'another' WHERE name = '0008-begin-held'");
    await expect(migrateRuns(db.pool)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('0008-begin-held'),
    });
  });
});
