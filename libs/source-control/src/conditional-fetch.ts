interface Kept {
  readonly etag: string;
  readonly text: string;
  readonly headers: Headers;
}

/** Answers kept at most, and the longest that is kept, in characters. */
const MOST_KEPT = 300;
const LONGEST_KEPT = 512 * 1024;
/** Items of a page where no number is asked for, as GitHub documents it. */
const DEFAULT_PAGE = 30;

/**
 * Asks again only for what changed: a GET that was answered with an ETag carries it the next time, and "not modified"
 * answers with what was read then. GitHub is asked each time, so nothing is older than the question; at GitHub such an
 * answer costs nothing of the hourly quota.
 */
export function conditionalFetch(send: typeof fetch): typeof fetch {
  const kept = new Map<string, Kept>();
  return async (input, init = {}) => {
    if ((init.method ?? 'GET') !== 'GET' || typeof input !== 'string') return send(input, init);
    const headers = new Headers(init.headers);
    const key = `${headers.get('accept') ?? ''} ${input}`;
    const known = kept.get(key);
    if (known) headers.set('if-none-match', known.etag);
    const answer = await send(input, { ...init, headers });
    if (answer.status === 304 && known) return again(known, answer.url);
    kept.delete(key);
    const etag = answer.headers.get('etag');
    if (answer.status !== 200 || etag === null) return answer;
    const text = await answer.text();
    const fresh: Kept = { etag, text, headers: answer.headers };
    if (text.length <= LONGEST_KEPT && !isFullLastPage(input, fresh)) kept.set(key, fresh);
    const oldest = kept.keys().next();
    if (kept.size > MOST_KEPT && !oldest.done) kept.delete(oldest.value);
    return again(fresh, answer.url);
  };
}

/**
 * The last page of a list, with no room left on it. What is added next begins another page and leaves this one as it was,
 * so "not modified" would hide that there is one: such a page is asked for anew each time.
 */
function isFullLastPage(url: string, { text, headers }: Kept): boolean {
  if (!text.startsWith('[') || /\brel="?next\b/.test(headers.get('link') ?? '')) return false;
  const size = Number(new URL(url).searchParams.get('per_page') ?? DEFAULT_PAGE);
  const items: unknown = JSON.parse(text);
  return Array.isArray(items) && items.length >= size;
}

function again({ text, headers }: Kept, url: string): Response {
  const response = new Response(text, { status: 200, headers });
  // Octokit reads the address to find its way through pages; a made Response has none.
  return Object.defineProperty(response, 'url', { value: url });
}
