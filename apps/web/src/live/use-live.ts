import type { RunEvent } from '@planwarden/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { keys } from '../api/queries.js';
import { followJournal, type LiveStatus, withEvent } from './live-stream.js';

/** Entries come in bursts: one reading answers for all of a moment. */
const REREAD_MS = 150;
/** How often to read where the stream is lost. */
export const POLL_MS = 4000;

/** Follows a stream for as long as the component stands. An address of null follows nothing. */
function useJournal(
  address: string | null,
  onEvent: (event: RunEvent) => void,
  reread: (missed: boolean) => void,
): LiveStatus {
  const [status, setStatus] = useState<LiveStatus>('connecting');
  const latest = useRef({ onEvent, reread });
  useEffect(() => {
    latest.current = { onEvent, reread };
  });
  useEffect(() => {
    if (address === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasMissed = false;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        latest.current.reread(hasMissed);
        hasMissed = false;
      }, REREAD_MS);
    };
    const stop = followJournal({
      open: () => new EventSource(address),
      onStatus: setStatus,
      onGap: () => {
        hasMissed = true;
        soon();
      },
      onEvent: (event) => {
        latest.current.onEvent(event);
        soon();
      },
      later: (run, ms) => {
        const waiting = setTimeout(run, ms);
        return () => clearTimeout(waiting);
      },
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [address]);
  return status;
}

/** Keeps the list of runs current. */
export function useLiveRuns(): LiveStatus {
  const client = useQueryClient();
  return useJournal(
    '/api/v1/events',
    () => {},
    () => void client.invalidateQueries({ queryKey: keys.runs }),
  );
}

/** Keeps one run and its log current; an ended run never changes, so nothing is followed then. */
export function useLiveRun(id: string, isEnded: boolean): LiveStatus {
  const client = useQueryClient();
  return useJournal(
    isEnded ? null : `/api/v1/runs/${encodeURIComponent(id)}/events`,
    (event) => {
      const log = client.getQueryData<RunEvent[]>(keys.log(id));
      if (event.run !== id || log === undefined) return;
      const { log: all, gap } = withEvent(log, event);
      client.setQueryData(keys.log(id), all);
      if (gap) void client.invalidateQueries({ queryKey: keys.log(id) });
    },
    (missed) => {
      void client.invalidateQueries({ queryKey: keys.run(id) });
      if (missed) void client.invalidateQueries({ queryKey: keys.log(id) });
    },
  );
}
