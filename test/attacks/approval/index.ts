import type { Attack } from '../attack.js';
import { DOOR_ATTACKS } from './doors.attacks.js';
import { FACT_ATTACKS } from './facts.attacks.js';
import { VOTER_ATTACKS } from './voters.attacks.js';
import { VOTE_ATTACKS } from './votes.attacks.js';
import { WEBHOOK_ATTACKS } from './webhooks.attacks.js';

/** Every attack on the gate, in the order in which they are tried. */
export const ATTACKS: readonly Attack[] = [
  ...DOOR_ATTACKS,
  ...VOTER_ATTACKS,
  ...VOTE_ATTACKS,
  ...FACT_ATTACKS,
  ...WEBHOOK_ATTACKS,
];
