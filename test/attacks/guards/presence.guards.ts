import { cut, type Guard, policyToo } from '../cut.js';

const TALLY = 'libs/approvals/src/vote-tally.ts';
const PRESENCE = 'libs/approvals/src/presence.ts';
const PASSKEYS = 'libs/approvals/src/passkey.repository.ts';

/** Of votes with a passkey. */
export const PRESENCE_GUARDS = {
  'presence-votes': {
    holds: 'where presence is asked for, no vote without a passkey is enough',
    cuts: [cut('libs/approvals/src/demands.ts', '...presenceMissing(demands, context), '), policyToo],
  },
  'least-assurance': {
    holds: 'a vote below the least assurance of its target does not count',
    cuts: [
      cut(TALLY, 'return rank < ASSURANCE_RANK[target.leastAssurance] ? tooLow(target) : null;', 'return null;'),
      policyToo,
    ],
  },
  'self-presence': {
    holds: 'whoever asked, where nobody else could vote, approves with a passkey or not at all',
    cuts: [
      cut(
        TALLY,
        `if (isRequesterId(vote.person, requester) && rank < ASSURANCE_RANK.presence) return requesterTooLow;`,
      ),
      policyToo,
    ],
  },
  'passkey-person': {
    holds: 'a passkey speaks for the person it belongs to',
    cuts: [
      cut(PASSKEYS, 'if (passkey.revoked || passkey.person !== person.id) return false;'),
      cut(PASSKEYS, `if (passkey.enrolledBy !== 'operator') return true;`, 'return true;'),
    ],
  },
  'passkey-age': {
    holds: 'a passkey that came after a run began to wait does not count for it',
    cuts: [
      cut(
        'libs/approvals/src/presence-votes.ts',
        'if (await store.isOlderThan(credentialId, run)) return passkey;',
        'return passkey;',
      ),
    ],
  },
  'passkey-enrolment': {
    holds: 'a further passkey is enrolled by one there is, not by a session',
    cuts: [
      cut(
        'apps/orchestrator/src/requests/passkeys.ts',
        'else await addFurther(services, person, site, asked, entry);',
        `else {
          const credentialId = (await passkeys.ofPerson(person.id))[0]?.credentialId ?? '';
          await passkeys.add({ ...entry, person: person.id }, { kind: 'passkey', credentialId });
        }`,
      ),
    ],
  },
  'presence-challenge': {
    holds: 'an assertion names the subject it approves',
    cuts: [cut(PRESENCE, 'expectedChallenge: challenge,', 'expectedChallenge: () => true,')],
  },
  'presence-site': {
    holds: 'an assertion was made on our own page',
    cuts: [
      cut(
        PRESENCE,
        'expectedOrigin: origin,',
        `expectedOrigin: JSON.parse(Buffer.from(clientDataJson, 'base64url').toString('utf8')).origin,`,
      ),
    ],
  },
  'presence-verified': {
    holds: 'the authenticator verified who was there',
    cuts: [cut(PRESENCE, 'requireUserVerification: true,', 'requireUserVerification: false,')],
  },
  'presence-framed': {
    holds: 'an assertion was made on a page of ours that stood in no frame',
    cuts: [cut(PRESENCE, 'if (verified && !isFramed(clientDataJson)) return', 'if (verified) return')],
  },
  'presence-counter': {
    holds: 'a key whose counter went back is taken for a copy',
    cuts: [
      cut(
        PASSKEYS,
        `if ((counter > 0 || before > 0) && counter <= before) throw presenceInvalid('its counter went back');`,
      ),
    ],
  },
  'presence-once': {
    holds: 'an assertion is taken once, in whatever form it comes',
    cuts: [cut(PASSKEYS, 'if (spent.rowCount !== 1) {', 'if (false) {')],
  },
} as const satisfies Record<string, Guard>;
