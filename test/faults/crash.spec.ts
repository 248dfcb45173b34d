import { afterEach, describe, expect, test } from '@jest/globals';
import { type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import { hasEnded, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from '../e2e/world.js';

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** Effects of one run that may happen once only, in their order, before its merge. */
const BEFORE_MERGE = ['create-branch', 'push-files', 'create-pull-request', 'evidence-commit'];

/** Fails once for each of the effects when its point is met, as if the worker had died there. */
function dyingAt(point: string, effects: readonly string[], error: () => PlanwardenError): FaultPoints {
  const left = new Set(effects);
  return {
    at: (name, { effect = '' } = {}) => {
      if (name === point && left.delete(effect)) throw error();
    },
  };
}
const gone = () => new PlanwardenError('LEASE_LOST', 'the worker died', { remedy: 'none' });
const cut = () =>
  new PlanwardenError('OUTSIDE_UNAVAILABLE', 'the answer was lost', { remedy: 'none', failure: 'retryable' });

async function approveAndEnd(at: World, run: string): Promise<RunSeen> {
  const waiting = await at.until(run, waitsForApproval);
  const { number, evidenceSha } = waiting.pullRequest ?? { number: 0, evidenceSha: null };
  expect(await at.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '')).toBe(200);
  return at.until(run, hasEnded);
}

/** Commits: one with the files, one evidence; checks: the plan, and what confirm found; everything else exactly once. */
const ONCE = { 'git/create-ref': 1, 'git/create-commit': 2, 'pulls/create': 1, 'pulls/merge': 1, 'checks/create': 2 };

// gate: reenters-at-confirm
describe('a worker that dies', () => {
  test('right after the merge, before its journal entry: the run ends applied, merged once', async () => {
    const faults = dyingAt('runs:effect:acted', ['merge'], gone);
    world = await startWorld({ faults, leaseMs: 1000 });
    const ended = await approveAndEnd(world, await world.propose());
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    expect(world.at.github.control.countEffects()).toMatchObject(ONCE);
    const messages = (await world.at.app.services.runs.events(ended.run.id)).map((event) => event.message);
    expect(messages).toContain('enters again at confirm');
    expect(messages).toContain('an earlier attempt of ours had merged exactly this commit');
  });

  test('after every effect in turn: each is found again and none is done twice', async () => {
    const faults = dyingAt('runs:effect:acted', [...BEFORE_MERGE, 'merge'], cut);
    world = await startWorld({ faults });
    const ended = await approveAndEnd(world, await world.propose());
    expect(ended.run.state).toBe('applied');
    expect(world.at.github.control.countEffects()).toMatchObject(ONCE);
  });

  test('after every intent in turn: each is done once by the next attempt', async () => {
    const faults = dyingAt('runs:effect:intended', [...BEFORE_MERGE, 'merge'], cut);
    world = await startWorld({ faults });
    const ended = await approveAndEnd(world, await world.propose());
    expect(ended.run.state).toBe('applied');
    expect(world.at.github.control.countEffects()).toMatchObject(ONCE);
  });
});

test('an answer that is lost: what happened is found, not repeated', async () => {
  world = await startWorld();
  const { control } = world.at.github;
  for (const [index, operation] of ['pulls/merge', 'git/create-ref', 'pulls/create', 'git/update-ref'].entries()) {
    const before = control.countEffects();
    control.dropAnswerOnce(operation);
    const ended = await approveAndEnd(world, await world.propose({ ...NGINX, name: `lost-${index}` }));
    expect([operation, ended.run.state, ended.run.outcome]).toEqual([operation, 'applied', null]);
    const done = (name: string) => (control.countEffects()[name] ?? 0) - (before[name] ?? 0);
    expect([operation, done('pulls/create'), done('pulls/merge')]).toEqual([operation, 1, 1]);
  }
});
