import type { Attack } from '../attack.js';
import { COMMENT_ATTACKS } from './comments.attacks.js';
import { DOOR_ATTACKS } from './doors.attacks.js';
import { EXCEPTION_ATTACKS } from './exceptions.attacks.js';
import { FACT_ATTACKS } from './facts.attacks.js';
import { OWNER_ATTACKS } from './owners.attacks.js';
import { POLICY_ATTACKS } from './policy.attacks.js';
import { PRESENCE_ATTACKS } from './presence.attacks.js';
import { PROTECTION_ATTACKS } from './protection.attacks.js';
import { STACK_ATTACKS } from './stacks.attacks.js';
import { VOTER_ATTACKS } from './voters.attacks.js';
import { VOTE_ATTACKS } from './votes.attacks.js';
import { WEBHOOK_ATTACKS } from './webhooks.attacks.js';

/** Every attack on the gate, in the order in which they are tried. */
export const ATTACKS: readonly Attack[] = [
  ...DOOR_ATTACKS,
  ...VOTER_ATTACKS,
  ...VOTE_ATTACKS,
  ...COMMENT_ATTACKS,
  ...PRESENCE_ATTACKS,
  ...OWNER_ATTACKS,
  ...EXCEPTION_ATTACKS,
  ...FACT_ATTACKS,
  ...POLICY_ATTACKS,
  ...PROTECTION_ATTACKS,
  ...STACK_ATTACKS,
  ...WEBHOOK_ATTACKS,
];
