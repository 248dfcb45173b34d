import type { FaultPoints } from '@planwarden/contracts';
import type { World } from './world.js';

/** What changes nothing at GitHub, though it is counted there. */
const NO_WRITES = ['apps/create-installation-access-token'];

/** Sees what is written at the sandbox GitHub while no run is within an effect or a telling. */
export interface Writes {
  readonly faults: FaultPoints;
  /** From here on. */
  begin(world: World): void;
  /** Operations that strayed, each once. @param others what people and jobs do meanwhile */
  strays(others: readonly string[]): string[];
}

/** Each effect and each telling of a pipeline has its row in docs/durability.md; a write outside of them would have none. */
export function watchWrites(): Writes {
  let counts: () => Record<string, number> = () => ({});
  let before: Record<string, number> = {};
  let inside = 0;
  const strayed = new Set<string>();
  const look = (): void => {
    const now = counts();
    if (inside === 0) for (const name of Object.keys(now)) if (now[name] !== before[name]) strayed.add(name);
    before = now;
  };
  return {
    faults: {
      at: (point) => {
        const [, what, when] = point.split(':');
        if (what !== 'effect' && what !== 'tell') return;
        if (when === 'intended' || when === 'acted') look();
        if (when === 'intended') inside += 1;
        if (when === 'acted') inside -= 1;
      },
    },
    begin: (world) => {
      counts = () => world.at.github.control.countEffects();
      before = counts();
    },
    strays: (others) => {
      look();
      return [...strayed].filter((name) => !NO_WRITES.includes(name) && !others.includes(name));
    },
  };
}
