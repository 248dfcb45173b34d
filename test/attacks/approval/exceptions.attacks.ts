import { breakGlassChallenge } from '@planwarden/approvals';
import type { Attack, Tried } from '../attack.js';
import { PASSKEYS } from '../installation.js';
import { type Answered, codesOf, type RunSeen, type Stage } from '../stage.js';
import { changedBeforeEffect, changedBetween, passed, type Undo } from './changed.js';

/** Attacks on freeze and broken glass: what stops votes that are there, and what excepts from that. */

/** A freeze set by an approver in the pages; answers its id. */
async function freeze(stage: Stage): Promise<string> {
  const ask = await stage.as('third');
  const made = await ask('POST', '/api/v1/freezes', { environment: 'staging', reason: 'The shop has a sale.' });
  if (made.status !== 201) throw new Error(`freeze: ${JSON.stringify(made.body)}`);
  return String(made.body.id);
}
async function lift(stage: Stage, id: string, person = 'third'): Promise<Answered> {
  const ask = await stage.as(person);
  return ask('POST', `/api/v1/freezes/${id}/lift`, { reason: 'It is over.' });
}
async function frozen(stage: Stage): Promise<Undo> {
  const id = await freeze(stage);
  return async () => void (await lift(stage, id));
}

/** An approver breaks the glass for a run, with the passkey unless it is left out. */
async function breakGlass(stage: Stage, seen: RunSeen, withPasskey = true): Promise<Answered> {
  const subjectDigest = seen.approval?.subjectDigest ?? '';
  const presence = PASSKEYS.reviewer.assert(breakGlassChallenge(subjectDigest), stage.site);
  const ask = await stage.as('reviewer');
  const asked = { subjectDigest, reason: 'The shop is down.', minutes: 1, ...(withPasskey ? { presence } : {}) };
  return ask('POST', `/api/v1/runs/${seen.run.id}/break-glass`, asked);
}
async function broken(stage: Stage, seen: RunSeen): Promise<null> {
  const said = await breakGlass(stage, seen);
  if (said.status !== 201) throw new Error(`break-glass: ${JSON.stringify(said.body)}`);
  return null;
}

/** A run that has its vote while applies are frozen; what the attacker then does must not let it go. */
const whileFrozen =
  (refusal: string, act: (stage: Stage, seen: RunSeen, id: string) => Promise<readonly string[]>) =>
  async (stage: Stage): Promise<Tried> => {
    const id = await freeze(stage);
    try {
      const seen = await stage.fresh();
      await stage.review('tess-third', seen);
      return await stage.outcome(seen.run.id, refusal, await act(stage, seen, id));
    } finally {
      await lift(stage, id);
    }
  };

/** The agent asks on a route of people with its token, beside a person's cookie that it got hold of. */
async function asAgent(stage: Stage, path: string, body: Record<string, unknown>): Promise<Answered> {
  const { cookie, csrf } = await stage.session('third');
  const authorization = `Bearer ${stage.world.agentToken}`;
  return stage.ask(`${stage.site.origin}${path}`, 'POST', body, { authorization, cookie, 'x-csrf-token': csrf });
}

export const EXCEPTION_ATTACKS: readonly Attack[] = [
  {
    id: 'freeze-between-the-votes',
    tries: 'applies are frozen between the votes, and the second vote comes all the same',
    guard: 'freeze',
    refusal: 'FREEZE',
    run: changedBetween('FREEZE', frozen),
  },
  {
    id: 'freeze-before-the-effect',
    tries: 'applies are frozen between confirm and merge',
    guard: 'fresh-freeze',
    refusal: 'FREEZE',
    run: changedBeforeEffect('FREEZE', frozen),
  },
  {
    id: 'agent-freezes',
    tries: 'the agent freezes applies, so that nobody else gets on',
    guard: 'audience',
    refusal: 'AUDIENCE_REFUSED',
    run: async (stage) => {
      const said = await asAgent(stage, '/api/v1/freezes', { environment: null, reason: 'Mine first.' });
      if (said.status === 201) await lift(stage, String(said.body.id), 'owner');
      return { refusals: codesOf(said), gained: said.status === 201 };
    },
  },
  {
    id: 'agent-lifts-freeze',
    tries: 'the agent lifts the freeze that holds its run',
    guard: 'audience',
    refusal: 'AUDIENCE_REFUSED',
    run: whileFrozen('AUDIENCE_REFUSED', async (stage, _, id) =>
      codesOf(await asAgent(stage, `/api/v1/freezes/${id}/lift`, { reason: 'Mine first.' })),
    ),
  },
  {
    id: 'agent-breaks-glass',
    tries: 'the agent breaks the glass for its run',
    guard: 'audience',
    refusal: 'AUDIENCE_REFUSED',
    run: whileFrozen('AUDIENCE_REFUSED', async (stage, { run, approval }) => {
      const asked = { subjectDigest: approval?.subjectDigest, reason: 'Mine first.', minutes: 1 };
      return codesOf(await asAgent(stage, `/api/v1/runs/${run.id}/break-glass`, asked));
    }),
  },
  {
    id: 'viewer-lifts-freeze',
    tries: 'somebody who may look but not approve lifts the freeze',
    guard: 'freeze-role',
    refusal: 'ROLE_MISSING',
    run: whileFrozen('ROLE_MISSING', async (stage, _, id) => codesOf(await lift(stage, id, 'watcher'))),
  },
  {
    id: 'requester-breaks-glass',
    tries: 'the person for whom the agent asked breaks the glass',
    guard: 'requester',
    refusal: 'VOTER_IS_REQUESTER',
    run: whileFrozen('VOTER_IS_REQUESTER', async (stage, { run, approval }) => {
      const subjectDigest = approval?.subjectDigest ?? '';
      const presence = PASSKEYS.owner.assert(breakGlassChallenge(subjectDigest), stage.site);
      const ask = await stage.as('owner');
      const asked = { subjectDigest, reason: 'Mine first.', minutes: 1, presence };
      return codesOf(await ask('POST', `/api/v1/runs/${run.id}/break-glass`, asked));
    }),
  },
  {
    id: 'glass-broken-by-session',
    tries: 'somebody with the session of an approver who has a passkey breaks the glass without it',
    guard: 'glass-presence',
    refusal: 'ASSURANCE_TOO_LOW',
    run: whileFrozen('ASSURANCE_TOO_LOW', async (stage, seen) => codesOf(await breakGlass(stage, seen, false))),
  },
  {
    id: 'glass-of-another-run',
    tries: 'the glass was broken for another run',
    guard: 'glass-subject',
    refusal: 'FREEZE',
    run: whileFrozen('FREEZE', async (stage) => {
      await broken(stage, await stage.fresh('pair'));
      return [];
    }),
  },
  {
    id: 'glass-that-is-over',
    tries: 'the vote comes when the minutes of the broken glass are over',
    guard: 'glass-until',
    refusal: 'FREEZE',
    run: async (stage) => {
      const id = await freeze(stage);
      try {
        const seen = await stage.fresh();
        await broken(stage, seen);
        await passed(61_000);
        await stage.review('tess-third', seen);
        return await stage.outcome(seen.run.id, 'FREEZE');
      } finally {
        await lift(stage, id);
      }
    },
  },
  {
    id: 'glass-over-before-the-effect',
    tries: 'the minutes of the broken glass pass between confirm and merge',
    guard: 'fresh-glass',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      let until = 0;
      const attack = changedBeforeEffect(
        'VOTES_BELOW_QUORUM',
        async () => {
          await passed(Math.max(0, until - Date.now()));
          return null;
        },
        'docs',
        async (_, seen) => {
          await broken(stage, seen);
          until = Date.now() + 60_500;
          // The approval must be younger than the glass, or its own minute is over first.
          await passed(6000);
          return null;
        },
      );
      return attack(stage);
    },
  },
  {
    id: 'glass-instead-of-votes',
    tries: 'the glass is broken where a vote is missing',
    guard: 'glass-votes',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('pair');
      await broken(stage, seen);
      await stage.review('tess-third', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
];
