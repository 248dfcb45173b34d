import type { LiveStatus } from '../live/live-stream.js';

const WORDS: Readonly<Record<LiveStatus, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'Not live: reading every few seconds',
};

export function LiveMark({ status }: { readonly status: LiveStatus }) {
  return <span className={`live-mark live-mark--${status}`}>{WORDS[status]}</span>;
}
