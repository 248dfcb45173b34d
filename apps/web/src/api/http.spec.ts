import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ApiError, errorBodyOf, isSignedOut } from './api-error.js';
import { call } from './http.js';

const real = globalThis.fetch;
const fake = jest.fn<typeof fetch>();
const refusal = (error: unknown) => (error instanceof ApiError ? error : undefined);

beforeEach(() => {
  fake.mockReset();
  globalThis.fetch = fake;
});
afterEach(() => {
  globalThis.fetch = real;
});

describe('call', () => {
  test('sends the body as JSON with the CSRF token, and answers with what came', async () => {
    fake.mockResolvedValue(Response.json({ vote: 'v1' }, { status: 201 }));
    expect(await call('/api/v1/runs/r/votes', { method: 'POST', body: { a: 1 }, csrfToken: 'c' })).toEqual({
      vote: 'v1',
    });
    const [path, init] = fake.mock.calls[0] ?? [];
    expect(path).toBe('/api/v1/runs/r/votes');
    expect(init).toMatchObject({
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json', 'x-csrf-token': 'c' },
    });
  });

  test('a refusal keeps code, message, place and remedy', async () => {
    const body = { code: 'SESSION_MISSING', message: 'nobody is signed in', remedy: 'Open a link.' };
    fake.mockResolvedValue(Response.json(body, { status: 401 }));
    const error = refusal(await call('/x').catch((thrown: unknown) => thrown));
    expect(error?.status).toBe(401);
    expect(error?.body).toEqual(body);
    expect(isSignedOut(error)).toBe(true);
  });

  test('a server that is away, a page of HTML and a strange thing all have code and remedy', async () => {
    fake.mockRejectedValueOnce(new TypeError('failed to fetch'));
    expect(errorBodyOf(await call('/x').catch((e: unknown) => e)).code).toBe('SERVER_UNREACHABLE');
    fake.mockResolvedValueOnce(new Response('<html>', { status: 502 }));
    expect(errorBodyOf(await call('/x').catch((e: unknown) => e)).code).toBe('ANSWER_UNREADABLE');
    fake.mockResolvedValueOnce(new Response('<html>', { status: 200 }));
    expect(errorBodyOf(await call('/x').catch((e: unknown) => e)).code).toBe('ANSWER_UNREADABLE');
    expect(errorBodyOf(new Error('secret inner words'))).toMatchObject({ code: 'PAGE_FAILED' });
  });

  test('204 has no body', async () => {
    fake.mockResolvedValue(new Response(null, { status: 204 }));
    expect(await call('/api/v1/session', { method: 'DELETE' })).toBeUndefined();
  });
});
