import { expect, test } from '@jest/globals';
import { newSealingKeys, openSealedPlan, sealPlan } from './sealed-plan.js';

const plan = Buffer.from('a plan with hunter2 in it');

test('each recipient opens it, nobody else', () => {
  const [one, two, other] = [newSealingKeys(), newSealingKeys(), newSealingKeys()];
  const sealed = sealPlan(plan, [one.publicKey, two.publicKey], 'run_1/1');
  expect(sealed.includes('hunter2')).toBe(false);
  expect(openSealedPlan(sealed, one.privateKey, 'run_1/1')).toEqual(plan);
  expect(openSealedPlan(sealed, two.privateKey, 'run_1/1')).toEqual(plan);
  expect(() => openSealedPlan(sealed, other.privateKey, 'run_1/1')).toThrow(
    expect.objectContaining({ code: 'PLAN_FILE_DIFFERS' }),
  );
});

test('one of another round, a changed byte and a changed header are refused', () => {
  const keys = newSealingKeys();
  const sealed = sealPlan(plan, [keys.publicKey], 'run_1/1');
  const refused = expect.objectContaining({ code: 'PLAN_FILE_DIFFERS' });
  expect(() => openSealedPlan(sealed, keys.privateKey, 'run_1/2')).toThrow(refused);
  for (const at of [5, sealed.indexOf('\n') + 3, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => openSealedPlan(changed, keys.privateKey, 'run_1/1')).toThrow(refused);
  }
  expect(() => openSealedPlan(Buffer.alloc(0), keys.privateKey, 'run_1/1')).toThrow(refused);
});

test('a key that is none is the fault of the operator', () => {
  expect(() => sealPlan(plan, ['AAAA'], 'run_1/1')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
