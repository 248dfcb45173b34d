import { request } from 'node:http';
import type { Json } from './world.js';

/** What an attacker holds at the door of a run: the token of an agent, and an approver's cookie without its CSRF token. */
export interface Held {
  readonly run: string;
  readonly digest: string;
  readonly agentToken: string;
  readonly cookie: string;
}

export interface Knock {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const voteOf = ({ digest }: Held): string => JSON.stringify({ subjectDigest: digest, decision: 'approve', reason: '' });
const votes = ({ run }: Held): string => `/api/v1/runs/${run}/votes`;

/** A vote that is sent to a path as it stands, with the approver's cookie. */
const at =
  (path: (held: Held) => string) =>
  (held: Held): Knock => ({ path: path(held), headers: { cookie: held.cookie } });
/** A vote that carries the agent's token somewhere. */
const withToken =
  (headers: (token: string) => Record<string, string>, query: (token: string) => string = () => '') =>
  (held: Held): Knock => ({ path: `${votes(held)}${query(held.agentToken)}`, headers: headers(held.agentToken) });

/** Ways to a vote past what the door asks for, each with the code it must be answered with. */
export const DOOR_TRICKS: readonly (readonly [what: string, code: string, knock: (held: Held) => Knock])[] = [
  ['a slash at the end', 'CSRF_INVALID', at((held) => `${votes(held)}/`)],
  ['capitals', 'CSRF_INVALID', at((held) => votes(held).replace('api/v1/runs', 'API/V1/Runs'))],
  ['two slashes', 'ROUTE_UNKNOWN', at((held) => `/${votes(held)}`)],
  ['an encoded slash', 'ROUTE_UNKNOWN', at(({ run }) => `/api/v1/runs/${run}%2Fvotes`)],
  ['a path parameter', 'ROUTE_UNKNOWN', at((held) => `${votes(held)};x=1`)],
  ['a way up', 'ROUTE_UNKNOWN', at((held) => `/livez/..${votes(held)}`)],
  ['a way up behind a semicolon', 'ROUTE_UNKNOWN', at((held) => `/livez/..;${votes(held)}`)],
  ['an address of ours as the path', 'CSRF_INVALID', at((held) => `http://elsewhere.test${votes(held)}`)],
  [
    'another method in a header',
    'ROUTE_UNKNOWN',
    (held) => ({
      ...{ method: 'GET', path: votes(held) },
      headers: { cookie: held.cookie, 'x-http-method-override': 'POST', 'x-method-override': 'POST' },
    }),
  ],
  [
    'another method in the query',
    'ROUTE_UNKNOWN',
    (held) => ({
      ...{ method: 'GET', path: `${votes(held)}?_method=POST` },
      headers: { cookie: held.cookie },
    }),
  ],
  [
    "the agent's token in the query",
    'SESSION_MISSING',
    withToken(
      () => ({}),
      (token) => `?access_token=${token}`,
    ),
  ],
  [
    "the agent's token as a cookie",
    'SESSION_MISSING',
    withToken((token) => ({ cookie: `planwarden_session=${token}` })),
  ],
  [
    "the agent's token as basic credentials",
    'SESSION_MISSING',
    withToken((token) => ({
      authorization: `Basic ${Buffer.from(`reviewer:${token}`).toString('base64')}`,
    })),
  ],
  [
    "the agent's token under a scheme in capitals",
    'AUDIENCE_REFUSED',
    withToken((token) => ({ authorization: `BEARER ${token}` })),
  ],
  [
    'a cookie of no session before one',
    'SESSION_MISSING',
    (held) => ({
      path: votes(held),
      headers: { cookie: `planwarden_session=x; ${held.cookie}` },
    }),
  ],
];

/** Sends a request byte for byte: no client tidies up its path. */
export function knock(url: string, held: Held, { method = 'POST', path, headers = {}, body }: Knock): Promise<Json> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers: { 'content-type': 'application/json', ...headers } });
    sent.once('error', reject);
    sent.once('response', async (answer) => {
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part as Buffer);
      const text = Buffer.concat(parts).toString('utf8');
      resolve({ status: answer.statusCode, ...(text.startsWith('{') ? (JSON.parse(text) as Json) : { text }) });
    });
    sent.end(method === 'GET' ? undefined : (body ?? voteOf(held)));
  });
}
