import { uuidv7 } from 'uuidv7';

export type IdPrefix = 'run' | 'dec' | 'evt' | 'snap' | 'vote' | 'frz' | 'glass' | 'ses' | 'call' | 'ins';

/** A sortable id: the prefix, an underscore and the 32 hex digits of a UUIDv7. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuidv7().replaceAll('-', '')}`;
}

export const runIdPattern = /^run_[0-9a-f]{32}$/;
