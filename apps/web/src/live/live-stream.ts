import type { RunEvent } from '@planwarden/contracts';

/** The part of EventSource that is used here. */
export interface EventSourceLike {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<string>) => void) | null;
  close(): void;
}

export type LiveStatus = 'connecting' | 'live' | 'lost';

interface LiveStreamOptions {
  readonly open: () => EventSourceLike;
  readonly onEvent: (event: RunEvent) => void;
  /** Something may have been missed: read everything again. */
  readonly onGap: () => void;
  readonly onStatus: (status: LiveStatus) => void;
  /** Runs the function later; returns how to call it off. */
  readonly later: (run: () => void, ms: number) => () => void;
}

const CLOSED = 2;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Follows the journal over server-sent events. The browser reconnects by itself after a broken connection; after a
 * refusal (signed out, server starting) it gives up, so a new one is opened with growing pauses.
 * @returns how to stop
 */
export function followJournal({ open, onEvent, onGap, onStatus, later }: LiveStreamOptions): () => void {
  let source: EventSourceLike | undefined;
  let callOff = () => {};
  let isStopped = false;
  let wait = FIRST_WAIT_MS;

  const connect = () => {
    if (isStopped) return;
    const opened = open();
    source = opened;
    opened.onopen = () => {
      wait = FIRST_WAIT_MS;
      onStatus('live');
      // Also the first time: entries may have come between the reading of the page and this connection.
      onGap();
    };
    opened.onmessage = ({ data }) => {
      const event = parseEvent(data);
      if (event === null) onGap();
      else onEvent(event);
    };
    opened.onerror = () => {
      onStatus('lost');
      if (opened.readyState !== CLOSED) return;
      opened.close();
      callOff = later(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
  };
  onStatus('connecting');
  connect();
  return () => {
    isStopped = true;
    callOff();
    source?.close();
  };
}

/** One entry of the journal, or null where the text is not one. */
export function parseEvent(text: string): RunEvent | null {
  try {
    const event: unknown = JSON.parse(text);
    if (typeof event !== 'object' || event === null) return null;
    const { run, seq, kind, message } = event as Record<string, unknown>;
    const isOurs =
      typeof run === 'string' && typeof seq === 'number' && typeof kind === 'string' && typeof message === 'string';
    return isOurs ? (event as RunEvent) : null;
  } catch {
    return null;
  }
}

/**
 * Puts an entry into the log of its run. Entries come again after a reconnect and may be missed before it.
 * @returns the log in order, and whether entries are missing between it and the new one
 */
export function withEvent(
  log: readonly RunEvent[],
  event: RunEvent,
): { readonly log: readonly RunEvent[]; readonly gap: boolean } {
  if (log.some((one) => one.seq === event.seq)) return { log, gap: false };
  const last = log.at(-1)?.seq ?? 0;
  const all = [...log, event].toSorted((a, b) => a.seq - b.seq);
  return { log: all, gap: event.seq > last + 1 };
}
