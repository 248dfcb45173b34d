import { describe, expect, jest, test } from '@jest/globals';
import type { RunEvent } from '@planwarden/contracts';
import { type EventSourceLike, followJournal, parseEvent, withEvent } from './live-stream.js';

const event = (seq: number): RunEvent => ({
  position: String(100 + seq),
  run: 'r1',
  seq,
  round: 1,
  step: 'plan',
  kind: 'step:done',
  message: `entry ${seq}`,
  code: null,
  at: '2026-01-01T00:00:00Z',
});

class FakeSource implements EventSourceLike {
  readyState = 0;
  onopen: EventSourceLike['onopen'] = null;
  onerror: EventSourceLike['onerror'] = null;
  onmessage: EventSourceLike['onmessage'] = null;
  closed = false;
  close() {
    this.closed = true;
  }
  fail(state: number) {
    this.readyState = state;
    this.onerror?.({} as Event);
  }
  say(data: string) {
    this.onmessage?.({ data } as MessageEvent<string>);
  }
}

function follow() {
  const sources: FakeSource[] = [];
  const waits: { run: () => void; ms: number }[] = [];
  const seen = { onEvent: jest.fn(), onGap: jest.fn(), onStatus: jest.fn() };
  const stop = followJournal({
    ...seen,
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    later: (run, ms) => {
      waits.push({ run, ms });
      return () => {
        waits.length = 0;
      };
    },
  });
  const source = (index: number): FakeSource => {
    const found = sources[index];
    if (!found) throw new Error(`no connection ${index}`);
    return found;
  };
  return { ...seen, sources, source, waits, stop };
}

describe('following the journal', () => {
  test('entries arrive; a new connection reads what came before it', () => {
    const live = follow();
    live.source(0).onopen?.({} as Event);
    live.source(0).say(JSON.stringify(event(1)));
    expect(live.onEvent).toHaveBeenCalledWith(event(1));
    expect(live.onGap).toHaveBeenCalledTimes(1);
    expect(live.onStatus.mock.calls.flat()).toEqual(['connecting', 'live']);
  });

  test('a broken connection that comes back is read again', () => {
    const live = follow();
    live.source(0).onopen?.({} as Event);
    live.source(0).fail(0);
    expect(live.sources).toHaveLength(1);
    live.source(0).onopen?.({} as Event);
    expect(live.onGap).toHaveBeenCalledTimes(2);
    expect(live.onStatus.mock.calls.flat()).toEqual(['connecting', 'live', 'lost', 'live']);
  });

  test('a refused connection is opened anew, with growing pauses', () => {
    const live = follow();
    live.source(0).fail(2);
    live.waits[0]?.run();
    live.source(1).fail(2);
    expect(live.waits.map((one) => one.ms)).toEqual([1000, 2000]);
    expect(live.source(0).closed).toBe(true);
  });

  test('stopped is stopped', () => {
    const live = follow();
    live.source(0).fail(2);
    const retry = live.waits[0];
    live.stop();
    retry?.run();
    expect(live.sources).toHaveLength(1);
    expect(live.waits).toHaveLength(0);
  });

  test('what is no entry makes the page read again', () => {
    const live = follow();
    live.source(0).say('{"hello":1}');
    live.source(0).say('not json');
    expect(live.onGap).toHaveBeenCalledTimes(2);
    expect(parseEvent('null')).toBeNull();
  });
});

describe('the log', () => {
  test('an entry that comes twice stands once, a late one finds its place', () => {
    const log = [event(1), event(2)];
    expect(withEvent(log, event(2))).toEqual({ log, gap: false });
    expect(withEvent(log, event(3))).toEqual({ log: [...log, event(3)], gap: false });
    expect(withEvent([event(1), event(3)], event(2)).log.map((one) => one.seq)).toEqual([1, 2, 3]);
  });

  test('a hole is seen', () => {
    expect(withEvent([event(1)], event(4)).gap).toBe(true);
  });
});
