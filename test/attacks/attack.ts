import type { GuardId } from './guards.js';
import type { Stage } from './stage.js';

/** What an attack saw and got. */
export interface Tried {
  /** Names of the refusals it met: error codes, or `wait:<reason>`. */
  readonly refusals: readonly string[];
  /** Whether it got what it was after. */
  readonly gained: boolean;
}

/** One attack, through public surfaces alone: MCP, REST, the webhook endpoint, GitHub as user, bot or App. */
export interface Attack {
  readonly id: string;
  /** What it tries, in a sentence. */
  readonly tries: string;
  /** The guard it proves. */
  readonly guard: GuardId;
  /** The refusal it must meet by name. */
  readonly refusal: string;
  /** Effects that the release App causes meanwhile and may, such as the start of a plan or the first of two racing runs. */
  readonly rightful?: number;
  /** What it needs besides npm. */
  readonly needs?: 'tofu';
  run(stage: Stage): Promise<Tried>;
}
