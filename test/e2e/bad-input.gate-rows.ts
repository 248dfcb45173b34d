import type { Row } from './bad-input.rows.js';
import { rest, type Send } from './bad-input.sending.js';
import type { Json } from './world.js';

const NO_RUN = `run_${'0'.repeat(32)}`;
const NO_DIGEST = `sha256:${'0'.repeat(64)}`;
const row = (name: string, send: Send, code: string, field: string | undefined, status: number): Row => ({
  name,
  send,
  code,
  status,
  ...(field === undefined ? {} : { where: { field } }),
});

const assertion = { credentialId: 'AAAA', authenticatorData: 'AAAA', clientDataJson: 'AAAA', signature: 'AAAA' };
const vote = (more: Json): Send =>
  rest('POST', '/api/v1/runs/{waiting}/votes', {
    as: 'reviewer',
    body: { subjectDigest: '{subject}', decision: 'approve', ...more },
  });
const glass = (more: Json, run = '{waiting}', as: 'owner' | 'reviewer' = 'reviewer'): Send =>
  rest('POST', `/api/v1/runs/${run}/break-glass`, {
    as,
    body: { subjectDigest: '{subject}', reason: 'The shop is down.', minutes: 5, ...more },
  });
const freeze = (more: Json): Send =>
  rest('POST', '/api/v1/freezes', { as: 'reviewer', body: { environment: 'staging', reason: 'Sale.', ...more } });
const enrol = (body: Json): Send => rest('POST', '/api/v1/passkeys', { as: 'reviewer', body });
const registration = { credentialId: 'AAAA', attestationObject: 'AAAA', clientDataJson: 'AAAA' };

/** Routes of the gate besides votes and discard. */
export const GATE_ROWS: readonly Row[] = [
  row('vote: assertion that is not one', vote({ presence: 'yes' }), 'INPUT_INVALID', 'presence', 400),
  row(
    'vote: assertion in another alphabet',
    vote({ presence: { ...assertion, signature: 'a+b/' } }),
    'INPUT_INVALID',
    'presence.signature',
    400,
  ),
  row(
    'vote: a reject with an assertion',
    vote({ decision: 'reject', presence: assertion }),
    'INPUT_INVALID',
    'presence',
    400,
  ),
  row('vote: an assertion at an address', vote({ presence: assertion }), 'PRESENCE_INVALID', 'presence', 400),
  row('glass: no reason', glass({ reason: 'x' }), 'INPUT_INVALID', 'reason', 400),
  row('glass: no time', glass({ minutes: 0 }), 'INPUT_INVALID', 'minutes', 400),
  row('glass: for ever', glass({ minutes: 61 }), 'INPUT_INVALID', 'minutes', 400),
  row('glass: unknown field', glass({ quorum: 0 }), 'INPUT_INVALID', 'quorum', 400),
  row('glass: NUL in reason', glass({ reason: 'outage\u0000 now' }), 'INPUT_INVALID', 'reason', 400),
  row('glass: another subject', glass({ subjectDigest: NO_DIGEST }), 'SUBJECT_CHANGED', 'subjectDigest', 409),
  row('glass: by who asked', glass({}, '{waiting}', 'owner'), 'VOTER_IS_REQUESTER', undefined, 403),
  row('glass: ended', glass({}, '{ended}'), 'NOT_AWAITING_APPROVAL', 'run', 409),
  row('glass: unknown run', glass({}, NO_RUN), 'RUN_UNKNOWN', 'run', 404),
  row('freeze: unknown environment', freeze({ environment: 'mars' }), 'INPUT_INVALID', 'environment', 400),
  row('freeze: no reason', freeze({ reason: '  ' }), 'INPUT_INVALID', 'reason', 400),
  row('freeze: no date', freeze({ until: 'tomorrow' }), 'INPUT_INVALID', 'until', 400),
  row('freeze: over already', freeze({ until: '2001-01-01T00:00:00Z' }), 'INPUT_INVALID', 'until', 400),
  row('freeze: unknown field', freeze({ by: 'owner' }), 'INPUT_INVALID', 'by', 400),
  row('lift: no reason', rest('POST', '/api/v1/freezes/x/lift', { body: {} }), 'INPUT_INVALID', 'reason', 400),
  row(
    'lift: unknown freeze',
    rest('POST', '/api/v1/freezes/frz_x/lift', { body: { reason: 'Over.' } }),
    'FREEZE_UNKNOWN',
    'id',
    404,
  ),
  row(
    'passkey: begun at an address',
    rest('POST', '/api/v1/passkeys/enrolments', { as: 'reviewer', body: {} }),
    'PRESENCE_INVALID',
    'presence',
    400,
  ),
  row('passkey: no challenge', enrol({ registration }), 'INPUT_INVALID', 'challenge', 400),
  row(
    'passkey: unknown field',
    enrol({ challenge: 'AAAA', registration: { ...registration, fmt: 'none' } }),
    'INPUT_INVALID',
    'registration.fmt',
    400,
  ),
  row('passkey: at an address', enrol({ challenge: 'AAAA', registration }), 'PRESENCE_INVALID', 'presence', 400),
  row(
    'passkey: revoke one of nobody',
    rest('DELETE', '/api/v1/passkeys/AAAA'),
    'PASSKEY_UNKNOWN',
    'presence.credentialId',
    404,
  ),
];
