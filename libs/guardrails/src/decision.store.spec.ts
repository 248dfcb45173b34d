import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { DecisionStore, Guardrails } from './index.js';

let database: TestDatabase;
let guardrails: Guardrails;
let store: DecisionStore;
beforeAll(async () => {
  database = await startTestDatabase();
  guardrails = await Guardrails.load();
  store = await DecisionStore.open(database.pool, guardrails.rules());
});
afterAll(async () => {
  await guardrails?.close();
  await database?.close();
});

const where = { run: 'run_1', round: 1, step: 'check-source' };
const input = {
  actor: { persona: 'devops' },
  target: { environment: 'production' },
  token: 'an-invented-one',
} as never;

test('gives back what was recorded, in order, and explains it without secrets', async () => {
  const first = await guardrails.evaluate('intake', input, where);
  const second = await guardrails.evaluate('plan', input, { ...where, step: 'check-plan' });
  await store.record(first, input);
  await store.record(first, input);
  await store.record(second, input);
  expect(await store.get(first.id)).toEqual(first);
  expect(await store.listForRun('run_1')).toEqual([first, second]);
  expect(await store.listForRun('run_2')).toEqual([]);
  const { decision, input: recorded, rules } = await store.explain(first.id);
  expect(decision).toEqual(first);
  expect(recorded).toMatchObject({ actor: { persona: 'devops' }, token: '[redacted]' });
  expect(rules).toContainEqual(expect.objectContaining({ id: 'persona-environment', title: expect.any(String) }));
});

test('the table takes no change', async () => {
  await expect(database.pool.query('UPDATE decisions SET allow = true')).rejects.toThrow('append-only');
  await expect(database.pool.query('DELETE FROM decisions')).rejects.toThrow('append-only');
  await expect(database.pool.query('TRUNCATE decisions')).rejects.toThrow('append-only');
});

test('an unknown id is named as such', async () => {
  await expect(store.get('dec_0')).rejects.toMatchObject({ code: 'DECISION_UNKNOWN' });
  await expect(store.explain('dec_0')).rejects.toMatchObject({ code: 'DECISION_UNKNOWN' });
});

test('opening twice is fine', async () => {
  await expect(DecisionStore.open(database.pool, [])).resolves.toBeInstanceOf(DecisionStore);
});
