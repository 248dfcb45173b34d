import { cut, type Guard, policyToo } from '../cut.js';

const APPROVAL = 'libs/approvals/src/approval.ts';
const GLASS = 'libs/approvals/src/break-glass.repository.ts';
const DEMANDS = 'libs/approvals/src/demands.ts';
const OWNERS = 'apps/orchestrator/src/change/demands.ts';
const thaw = cut(APPROVAL, `if (freeze !== null) throw refused('FREEZE', freezeWords(freeze));`);

/** Of what stops votes that are there, and of what excepts from that. */
export const EXCEPTION_GUARDS = {
  freeze: {
    holds: 'nothing is released while applies are frozen',
    cuts: [cut('libs/approvals/src/confirm.ts', '(await freezeStop(ports, digest, tally)) ??\n'), thaw],
  },
  'fresh-freeze': {
    holds: 'a freeze that begins after confirm stops what was confirmed',
    cuts: [thaw],
  },
  'freeze-role': {
    holds: 'a freeze is lifted by who may vote wherever it holds',
    cuts: [
      cut(
        'apps/orchestrator/src/requests/freezes.ts',
        'if (!held.every((one) => mayVoteIn(person, one))) throw roleMissing(held);',
      ),
    ],
  },
  'glass-presence': {
    holds: 'who has a passkey breaks the glass with it',
    cuts: [
      cut(
        'apps/orchestrator/src/requests/break-glass.ts',
        'if (!has || presence !== undefined) return;',
        'if (has || presence === undefined) return;',
      ),
    ],
  },
  'glass-subject': {
    holds: 'broken glass excepts one subject and no other',
    cuts: [cut(GLASS, 'WHERE subject_digest = $1 AND until >', 'WHERE length($1::text) > 0 AND until >')],
  },
  'glass-until': {
    holds: 'broken glass excepts for its minutes and no longer',
    cuts: [
      cut(GLASS, 'WHERE subject_digest = $1 AND until > clock_timestamp()', 'WHERE subject_digest = $1'),
      cut(APPROVAL, 'if (breakGlass !== null && !(now < Date.parse(breakGlass.until))) {', 'if (false) {'),
    ],
  },
  'fresh-glass': {
    holds: 'glass whose minutes pass between confirm and effect excepts nothing',
    cuts: [cut(APPROVAL, 'if (breakGlass !== null && !(now < Date.parse(breakGlass.until))) {', 'if (false) {')],
  },
  'glass-votes': {
    holds: 'broken glass lifts who must be among the voters, never how many',
    cuts: [
      cut(
        'libs/approvals/src/vote-tally.ts',
        '...missingVotes(input, approvals, rejects, mayVote),',
        '...(breakGlass === null ? missingVotes(input, approvals, rejects, mayVote) : []),',
      ),
      policyToo,
    ],
  },
  'role-quorum': {
    holds: 'the roles that a target asks for are among those who approve',
    cuts: [cut(DEMANDS, '...rolesMissing(demands, context), '), policyToo],
  },
  owners: {
    holds: 'an owner of every changed path is among those who approve',
    cuts: [cut(DEMANDS, ', ...ownersMissing(demands, context)'), policyToo],
  },
  'owners-of-base': {
    holds: 'CODEOWNERS is read on the base branch, and no change brings another',
    cuts: [
      cut(OWNERS, 'github.codeOwnersAt(tip ?? baseSha)', 'github.codeOwnersAt(codeSha)'),
      cut('apps/orchestrator/src/change/steps/check-source.step.ts', 'if (!decision.allow) return deniedBy(decision);'),
      cut('libs/manifests/src/manifest-path.ts', `, 'codeowners']`, ']'),
      cut(
        'apps/orchestrator/src/change/steps/validate.step.ts',
        `if (target.kind === 'manifests') assertPlainManifests(entries, target.path);`,
      ),
    ],
  },
  'owners-now': {
    holds: 'owners that CODEOWNERS names since the vote are asked for',
    cuts: [cut('libs/approvals/src/confirm.ts', ' ??\n    (await demandsStop(ports, subject))')],
  },
} as const satisfies Record<string, Guard>;
