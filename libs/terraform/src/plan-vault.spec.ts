import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { migrateTerraform, PlanVault } from './plan-vault.js';

const SECRET = Buffer.from('a plan with a secret in clear: planted-77aa');
const later = new Date(Date.now() + 3_600_000);
let database: TestDatabase;
let vault: PlanVault;
beforeAll(async () => {
  database = await startTestDatabase();
  await migrateTerraform(database.pool);
  await migrateTerraform(database.pool);
  vault = new PlanVault(database.pool, Buffer.alloc(32, 7));
});
afterAll(() => database.close());

test('gives back the file of a round, and keeps none of it in clear', async () => {
  await vault.keep('run_1', 1, SECRET, later);
  expect(await vault.open('run_1', 1)).toEqual(SECRET);
  expect(await vault.open('run_1', 2)).toBeNull();
  const { rows } = await database.pool.query<{ sealed: Buffer }>('SELECT sealed FROM terraform_plan_files');
  expect(rows[0]?.sealed.includes('planted')).toBe(false);
});

test('replaces the file when the step is repeated', async () => {
  await vault.keep('run_2', 1, SECRET, later);
  await vault.keep('run_2', 1, Buffer.from('second'), later);
  expect(await vault.open('run_2', 1)).toEqual(Buffer.from('second'));
});

test.each([
  ['moved to another round', "UPDATE terraform_plan_files SET round = 9 WHERE run = 'run_3'", 9],
  [
    'changed by a byte',
    // Whatever stands there: one in 256 is any given byte already.
    "UPDATE terraform_plan_files SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE run = 'run_3'",
    1,
  ],
])('refuses a file that was %s', async (_, sql, round) => {
  await database.pool.query("DELETE FROM terraform_plan_files WHERE run = 'run_3'");
  await vault.keep('run_3', 1, SECRET, later);
  await database.pool.query(sql);
  await expect(vault.open('run_3', round)).rejects.toMatchObject({ code: 'PLAN_FILE_DIFFERS' });
});

test('refuses another key', async () => {
  await vault.keep('run_4', 1, SECRET, later);
  const other = new PlanVault(database.pool, Buffer.alloc(32, 8));
  await expect(other.open('run_4', 1)).rejects.toMatchObject({ code: 'PLAN_FILE_DIFFERS' });
});

test('forgets what is past its end, and the files of a run that ended', async () => {
  await vault.keep('run_5', 1, SECRET, new Date(Date.now() - 1000));
  expect(await vault.open('run_5', 1)).toBeNull();
  await vault.keep('run_6', 1, SECRET, later);
  await vault.forget('run_6');
  const { rows } = await database.pool.query("SELECT run FROM terraform_plan_files WHERE run IN ('run_5', 'run_6')");
  expect(rows).toEqual([]);
});
