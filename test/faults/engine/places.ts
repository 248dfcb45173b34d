import { OutsideClient } from './outside-client.js';
import { fixturePipeline } from './pipeline.js';

export interface Place {
  readonly point: string;
  readonly step?: string;
  readonly effect?: string;
  readonly nth: number;
}

const STEPS = fixturePipeline(new OutsideClient('')).steps;
const COMMITS = [1, 2, 4, 6];

/** Every named point of the engine at everything that may stand there, and some of the commits. */
export const PLACES: readonly Place[] = [
  ...['intended', 'acted', 'recorded'].flatMap((at) =>
    STEPS.flatMap(({ name, effects }) =>
      effects.map((effect) => ({ point: `runs:effect:${at}`, step: name, effect: effect.name, nth: 1 })),
    ),
  ),
  ...['started', 'executed', 'recorded'].flatMap((at) =>
    STEPS.map(({ name }) => ({ point: `runs:step:${at}`, step: name, nth: 1 })),
  ),
  { point: 'runs:claimed', nth: 1 },
  ...['before', 'after'].flatMap((at) => COMMITS.map((nth) => ({ point: `runs:commit:${at}`, nth }))),
];

/** Those belong to no run. */
export const isCommit = ({ point }: Pick<Place, 'point'>): boolean => point.startsWith('runs:commit');
/** Places at which something can happen to one run. */
export const RUN_PLACES = PLACES.filter((place) => !isCommit(place));
