import type { IncomingMessage } from 'node:http';
import { PlanwardenError } from '@planwarden/contracts';
import { bearerOf } from '../identity/agent-token.js';
import { type Session, type SessionStore, sameSecret } from '../identity/session.store.js';

export const SESSION_COOKIE = 'planwarden_session';
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** What callers may call this server: loopback with our port, or exactly what the operator lists behind a container. */
export interface OwnNames {
  readonly port: number;
  readonly hosts: readonly string[] | null;
}

/**
 * Refuses a request whose Host or Origin is not this server: a page on the web cannot reach it by DNS rebinding, and no
 * other site can send a form.
 * @throws PlanwardenError HOST_REFUSED, ORIGIN_REFUSED
 */
export function checkHostAndOrigin(request: IncomingMessage, names: OwnNames): void {
  if (!isOurs(request.headers.host ?? '', names)) {
    throw new PlanwardenError('HOST_REFUSED', 'the Host header does not name this server', {
      where: { field: 'Host' },
      remedy: `Call ${names.hosts?.join(' or ') ?? `127.0.0.1:${names.port} or localhost:${names.port}`}.`,
    });
  }
  const origin = request.headers.origin;
  if (origin === undefined) return;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url?.protocol !== 'http:' || !isOurs(url.host, names)) {
    throw new PlanwardenError('ORIGIN_REFUSED', 'the Origin header names another site', {
      where: { field: 'Origin' },
      remedy: 'Open the page from this server itself.',
    });
  }
}

/** Whether a Host header names this server. */
export function isOurs(host: string, { port, hosts }: OwnNames): boolean {
  if (hosts !== null) return hosts.includes(host);
  const split = /^(.*?)(?::(\d+))?$/.exec(host);
  return LOOPBACK.has(split?.[1] ?? '') && Number(split?.[2] ?? 80) === port;
}

/**
 * The session behind a request.
 * @throws PlanwardenError AUDIENCE_REFUSED for an agent token, SESSION_MISSING, CSRF_INVALID for a change without the token
 */
export async function sessionOf(request: IncomingMessage, sessions: SessionStore): Promise<Session> {
  if (bearerOf(request.headers.authorization) !== undefined) {
    throw new PlanwardenError('AUDIENCE_REFUSED', 'an agent token has audience mcp and opens no route of this API', {
      where: { field: 'Authorization' },
      remedy: 'A person signs in and decides; an agent uses the MCP endpoint.',
    });
  }
  const token = sessionToken(request);
  const session = token === undefined ? undefined : await sessions.find(token);
  if (!session) {
    throw new PlanwardenError('SESSION_MISSING', 'nobody is signed in', {
      remedy: 'Open a sign-in link: npm exec -- planwarden sign-in <person>',
    });
  }
  if (!READING.has(request.method ?? '')) {
    const sent = request.headers['x-csrf-token'];
    if (typeof sent !== 'string' || !sameSecret(sent, session.csrfToken)) {
      throw new PlanwardenError('CSRF_INVALID', 'the request does not carry the CSRF token of this session', {
        where: { field: 'x-csrf-token' },
        remedy: 'Read the token from GET /api/v1/session and send it in x-csrf-token.',
      });
    }
  }
  return session;
}

/** The session token of the request's cookie, or undefined. */
export function sessionToken(request: IncomingMessage): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === SESSION_COOKIE && value) return value;
  }
  return undefined;
}

/** The Set-Cookie header of a session: not readable by scripts, never sent by other sites. */
export function sessionCookie(token: string, maxAgeSeconds: number): string {
  return `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}`;
}
