import type { Log, RunEvent } from '@planwarden/contracts';
import type { RunStore } from '@planwarden/runs';

/** Milliseconds between two looks at the journal while somebody listens. */
const LOOK_MS = 250;
const PAGE = 500;

export type JournalListener = (entries: readonly RunEvent[]) => void;

/** One way of reading the journal while it is written; a generation of it ends with its last listener. */
interface Reading {
  isOver: boolean;
  readonly ready: Promise<void>;
}

/** Reads the journal as it grows, once for everybody who listens in this process, and not at all while nobody does. */
export class JournalFollower {
  readonly #listeners = new Set<JournalListener>();
  #reading: Reading | undefined;

  constructor(
    private readonly runs: Pick<RunStore, 'follow' | 'lastPosition'>,
    private readonly log: Log,
  ) {}

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Tells of every entry written after this has resolved, and maybe of the last ones before. @returns ends it */
  async listen(listener: JournalListener): Promise<() => void> {
    this.#listeners.add(listener);
    const stop = (): void => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#reading === undefined) return;
      this.#reading.isOver = true;
      this.#reading = undefined;
    };
    try {
      this.#reading ??= this.#begin();
      await this.#reading.ready;
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  #begin(): Reading {
    const begun = this.runs.lastPosition();
    const reading: Reading = {
      isOver: false,
      ready: begun.then((position) => void this.#read(reading, position)),
    };
    return reading;
  }

  async #read(reading: Reading, from: string): Promise<void> {
    let position = from;
    while (!reading.isOver) {
      try {
        const entries = await this.runs.follow(position, PAGE);
        position = entries.at(-1)?.position ?? position;
        if (entries.length > 0 && !reading.isOver) this.#tell(entries);
        if (entries.length === PAGE) continue;
      } catch (error) {
        this.log.warn({ err: error }, 'reading the journal for listeners failed');
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
    }
  }

  #tell(entries: readonly RunEvent[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(entries);
      } catch (error) {
        this.log.warn({ err: error }, 'an entry of the journal could not be told to a listener');
      }
    }
  }
}
