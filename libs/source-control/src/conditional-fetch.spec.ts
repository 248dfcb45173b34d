import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { conditionalFetch } from './conditional-fetch.js';

let server: Server;
let url = '';
let seen: { method: string; condition: string | undefined; answered: number }[] = [];
let version = 1;
beforeAll(async () => {
  server = createServer((request, response) => {
    const etag = `"v${version}"`;
    const condition = request.headers['if-none-match'];
    const status = request.url === '/gone' ? 404 : condition === etag ? 304 : 200;
    seen.push({ method: request.method ?? '', condition, answered: status });
    response.writeHead(status, { etag, link: '<next>; rel="next"' });
    response.end(status === 200 ? JSON.stringify({ version }) : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  seen = [];
  version = 1;
});
const read = async (ask: typeof fetch, path = '/a', init: RequestInit = {}) => {
  const answer = await ask(`${url}${path}`, init);
  return [answer.status, answer.headers.get('link'), answer.url, await answer.text()];
};

test('what did not change is asked for each time and sent once; links and address are kept', async () => {
  const ask = conditionalFetch(fetch);
  const first = await read(ask);
  expect(first).toEqual([200, '<next>; rel="next"', `${url}/a`, '{"version":1}']);
  expect(await read(ask)).toEqual(first);
  expect(seen.map(({ condition, answered }) => [condition, answered])).toEqual([
    [undefined, 200],
    ['"v1"', 304],
  ]);
});

test('what changed is read anew, and then again only when it changes', async () => {
  const ask = conditionalFetch(fetch);
  await read(ask);
  version = 2;
  expect((await read(ask))[3]).toBe('{"version":2}');
  expect((await read(ask))[3]).toBe('{"version":2}');
  expect(seen.map(({ answered }) => answered)).toEqual([200, 200, 304]);
});

test('another media type, an error and an act are never answered from memory', async () => {
  const ask = conditionalFetch(fetch);
  await read(ask, '/a', { headers: { accept: 'text/one' } });
  await read(ask, '/a', { headers: { accept: 'text/two' } });
  await read(ask, '/gone');
  expect((await read(ask, '/gone'))[0]).toBe(404);
  await read(ask, '/a', { method: 'POST' });
  expect(seen.every(({ condition }) => condition === undefined)).toBe(true);
});

test('a list that grows onto a second page is read to its end, though its first page is as it was', async () => {
  const items = ['a', 'b'];
  const lists = createServer((request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 1);
    const body = JSON.stringify(items.slice((page - 1) * 2, page * 2));
    const etag = `"${Buffer.from(body).toString('hex')}"`;
    const next = items.length > page * 2 ? { link: `<?page=${page + 1}>; rel="next"` } : {};
    // Only the items count for the tag, as with any tag made of the body.
    response.writeHead(request.headers['if-none-match'] === etag ? 304 : 200, { etag, ...next });
    response.end(body);
  });
  await new Promise<void>((resolve) => lists.listen(0, '127.0.0.1', resolve));
  const ask = conditionalFetch(fetch);
  const first = async () =>
    (await ask(`http://127.0.0.1:${(lists.address() as AddressInfo).port}/?per_page=2`)).headers;
  expect((await first()).get('link')).toBeNull();
  items.push('c');
  expect((await first()).get('link')).toBe('<?page=2>; rel="next"');
  await new Promise((resolve) => lists.close(resolve));
});
