import { breakGlassChallenge, voteChallenge } from '@planwarden/approvals';
import { SoftwarePasskey, turnedAround } from '../../../libs/approvals/src/authenticator.spec-kit.js';
import type { Attack, Tried } from '../attack.js';
import { COUNTING_KEY, PASSKEYS } from '../installation.js';
import { codesOf, type RunSeen, type Stage } from '../stage.js';

/** Attacks where a vote with a passkey is asked for. What the attacker has is a session and some assertion. */

const digestOf = ({ approval }: RunSeen): string => approval?.subjectDigest ?? '';

/** An assertion over a run's subject, as the person's own browser would make it. */
function assertionOf(stage: Stage, seen: RunSeen, key: SoftwarePasskey = PASSKEYS.reviewer) {
  return key.assert(voteChallenge(digestOf(seen)), stage.site);
}

/** On a run that asks for two votes, one with a passkey: the account of one person, and the session of another with this. */
const presenceBy =
  (
    person: 'reviewer' | 'third',
    refusal: string,
    presence: (stage: Stage, seen: RunSeen) => Promise<object> | object,
  ) =>
  async (stage: Stage): Promise<Tried> => {
    const seen = await stage.fresh('guarded');
    await stage.review(person === 'third' ? 'ravi-reviewer' : 'tess-third', seen);
    const said = await stage.vote(person, seen, undefined, 'approve', { presence: await presence(stage, seen) });
    return stage.outcome(seen.run.id, refusal, codesOf(said));
  };

/** The approver approves with a passkey, then thinks better of it; somebody with the session sends the assertion again. */
const replayed =
  (form: (signature: string) => string) =>
  async (stage: Stage): Promise<Tried> => {
    const seen = await stage.fresh('guarded');
    const presence = assertionOf(stage, seen);
    await stage.vote('reviewer', seen, undefined, 'approve', { presence });
    await stage.vote('reviewer', seen, undefined, 'reject');
    const again = { ...presence, signature: form(presence.signature) };
    const said = await stage.vote('reviewer', seen, undefined, 'approve', { presence: again });
    await stage.review('tess-third', seen);
    return stage.outcome(seen.run.id, 'PRESENCE_REPLAYED', codesOf(said));
  };

/** Enrols a passkey in the person's session, on a page of ours. */
async function enrol(stage: Stage, person: string, key: SoftwarePasskey) {
  const ask = await stage.as(person);
  const challenge = String((await ask('POST', '/api/v1/passkeys/enrolments', {})).body.challenge);
  return ask('POST', '/api/v1/passkeys', { challenge, registration: key.register(challenge, stage.site) });
}

export const PRESENCE_ATTACKS: readonly Attack[] = [
  {
    id: 'accounts-where-presence-is-asked',
    tries: 'votes enough by accounts and sessions, none with a passkey',
    guard: 'presence-votes',
    refusal: 'VOTES_BELOW_QUORUM',
    run: async (stage) => {
      const seen = await stage.fresh('guarded');
      await stage.review('tess-third', seen);
      await stage.vote('reviewer', seen);
      return stage.outcome(seen.run.id, 'VOTES_BELOW_QUORUM');
    },
  },
  {
    id: 'session-where-presence-is-least',
    tries: "somebody with an approver's session votes where every vote takes a passkey",
    guard: 'least-assurance',
    refusal: 'ASSURANCE_TOO_LOW',
    run: async (stage) => {
      const seen = await stage.fresh('sure');
      await stage.vote('reviewer', seen);
      return stage.outcome(seen.run.id, 'ASSURANCE_TOO_LOW');
    },
  },
  {
    id: 'only-person-without-presence',
    tries: 'the only person who could vote approves what she asked for, by her account',
    guard: 'self-presence',
    refusal: 'ASSURANCE_TOO_LOW',
    run: async (stage) => {
      const seen = await stage.fresh('alone');
      await stage.review('olivia-owner', seen);
      return stage.outcome(seen.run.id, 'ASSURANCE_TOO_LOW');
    },
  },
  {
    id: 'self-vote-with-presence',
    tries: 'the person for whom the agent asked approves with her passkey, though others could vote',
    guard: 'requester',
    refusal: 'VOTER_IS_REQUESTER',
    run: async (stage) => {
      const seen = await stage.fresh();
      const presence = assertionOf(stage, seen, PASSKEYS.owner);
      const said = await stage.vote('owner', seen, undefined, 'approve', { presence });
      return stage.outcome(seen.run.id, 'VOTER_IS_REQUESTER', codesOf(said));
    },
  },
  {
    id: 'passkey-of-another',
    tries: "an approver's session sends an assertion by another approver's passkey",
    guard: 'passkey-person',
    refusal: 'PASSKEY_UNKNOWN',
    run: presenceBy('third', 'PASSKEY_UNKNOWN', assertionOf),
  },
  {
    id: 'passkey-of-the-requester',
    tries: "an approver's session sends an assertion by the passkey of who asked",
    guard: 'passkey-person',
    refusal: 'PASSKEY_UNKNOWN',
    run: presenceBy('third', 'PASSKEY_UNKNOWN', (stage, seen) => assertionOf(stage, seen, PASSKEYS.owner)),
  },
  {
    id: 'passkey-enrolled-while-waiting',
    tries: 'a sign-in link that was caught enrols the first passkey of an approver while the run waits',
    guard: 'passkey-age',
    refusal: 'PASSKEY_TOO_NEW',
    run: async (stage) => {
      const seen = await stage.fresh('guarded');
      const key = new SoftwarePasskey(stage.site, false);
      const enrolled = await enrol(stage, 'rosa', key);
      if (enrolled.body.enrolled !== true) throw new Error('the first passkey was not enrolled');
      await stage.review('tess-third', seen);
      const said = await stage.vote('rosa', seen, undefined, 'approve', { presence: assertionOf(stage, seen, key) });
      return stage.outcome(seen.run.id, 'PASSKEY_TOO_NEW', codesOf(said));
    },
  },
  {
    id: 'passkey-enrolled-by-session',
    tries: "an approver's session enrols a further passkey, for a run that begins later",
    guard: 'passkey-enrolment',
    refusal: 'PASSKEY_REFUSED',
    run: async (stage) => {
      const key = new SoftwarePasskey(stage.site, false);
      const enrolled = await enrol(stage, 'reviewer', key);
      const seen = await stage.fresh('guarded');
      await stage.review('tess-third', seen);
      await stage.vote('reviewer', seen, undefined, 'approve', { presence: assertionOf(stage, seen, key) });
      return stage.outcome(seen.run.id, 'PASSKEY_REFUSED', codesOf(enrolled));
    },
  },
  {
    id: 'assertion-over-another-subject',
    tries: 'an assertion that an approver gave for another run is sent for this one',
    guard: 'presence-challenge',
    refusal: 'PRESENCE_INVALID',
    run: presenceBy('reviewer', 'PRESENCE_INVALID', async (stage) => assertionOf(stage, await stage.fresh('sure'))),
  },
  {
    id: 'break-glass-assertion-as-vote',
    tries: 'an assertion that was given to break the glass is sent as a vote',
    guard: 'presence-challenge',
    refusal: 'PRESENCE_INVALID',
    run: presenceBy('reviewer', 'PRESENCE_INVALID', (stage, seen) =>
      PASSKEYS.reviewer.assert(breakGlassChallenge(digestOf(seen)), stage.site),
    ),
  },
  {
    id: 'assertion-of-another-site',
    tries: 'a page of another port of this machine had the approver use the passkey there',
    guard: 'presence-site',
    refusal: 'PRESENCE_INVALID',
    run: presenceBy('reviewer', 'PRESENCE_INVALID', (_, seen) =>
      PASSKEYS.reviewer.assert(voteChallenge(digestOf(seen)), { rpId: 'localhost', origin: 'http://localhost:1' }),
    ),
  },
  {
    id: 'assertion-in-a-frame',
    tries: 'a page of another site frames ours and shows its own words around it',
    guard: 'presence-framed',
    refusal: 'PRESENCE_INVALID',
    run: presenceBy('reviewer', 'PRESENCE_INVALID', (stage, seen) =>
      PASSKEYS.reviewer.assert(voteChallenge(digestOf(seen)), stage.site, undefined, true),
    ),
  },
  {
    id: 'passkey-copied',
    tries: 'a copy of a key that counts its uses votes after the key itself was used',
    guard: 'presence-counter',
    refusal: 'PRESENCE_INVALID',
    run: presenceBy('reviewer', 'PRESENCE_INVALID', async (stage, seen) => {
      const copy = COUNTING_KEY.copy();
      const other = await stage.fresh('guarded');
      const own = { presence: assertionOf(stage, other, COUNTING_KEY) };
      const said = await stage.vote('reviewer', other, undefined, 'approve', own);
      if (said.status !== 201) throw new Error(`the key itself was refused: ${JSON.stringify(said.body)}`);
      return assertionOf(stage, seen, copy);
    }),
  },
  {
    id: 'assertion-unverified',
    tries: 'somebody touches a key that was left plugged in, without its PIN',
    guard: 'presence-verified',
    refusal: 'PRESENCE_INVALID',
    run: presenceBy('reviewer', 'PRESENCE_INVALID', (stage, seen) =>
      PASSKEYS.reviewer.assert(voteChallenge(digestOf(seen)), stage.site, 0x01),
    ),
  },
  {
    id: 'assertion-replayed',
    tries: "an approver's assertion is sent again over the reject that followed",
    guard: 'presence-once',
    refusal: 'PRESENCE_REPLAYED',
    run: replayed((signature) => signature),
  },
  {
    id: 'assertion-replayed-turned-around',
    tries: 'the same, with the other signature that verifies',
    guard: 'presence-once',
    refusal: 'PRESENCE_REPLAYED',
    run: replayed(turnedAround),
  },
];
