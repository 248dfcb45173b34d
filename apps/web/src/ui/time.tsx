import { useEffect, useState } from 'react';
import { relativeTime } from '../words/time-words.js';

const TICK_MS = 20_000;

/** A time as people say it, with the exact one behind it. */
export function Time({ at }: { readonly at: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(ticking);
  }, []);
  return (
    <time dateTime={at} title={at}>
      {/* An event newer than the last tick is not in the future. */}
      {relativeTime(at, Math.max(now, Date.now()))}
    </time>
  );
}
