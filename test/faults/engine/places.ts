import { STEP_NAMES } from './pipeline.js';
import { EFFECT_KINDS } from './targets.js';

export interface Place {
  readonly point: string;
  readonly step?: string;
  readonly effect?: string;
  readonly nth: number;
}

/** Every named point of the engine at everything that may stand there, and some of the commits. */
export const PLACES: readonly Place[] = [
  ...['intended', 'acted', 'recorded'].flatMap((at) =>
    EFFECT_KINDS.map((effect) => ({ point: `runs:effect:${at}`, effect, nth: 1 })),
  ),
  ...['started', 'executed', 'recorded'].flatMap((at) =>
    STEP_NAMES.map((step) => ({ point: `runs:step:${at}`, step, nth: 1 })),
  ),
  { point: 'runs:claimed', nth: 1 },
  ...['before', 'after'].flatMap((at) => [1, 3, 6, 10].map((nth) => ({ point: `runs:commit:${at}`, nth }))),
];

/** Those belong to no run. */
export const isCommit = ({ point }: Place): boolean => point.startsWith('runs:commit');
