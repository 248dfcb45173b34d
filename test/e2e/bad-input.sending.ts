import { createHmac } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { Json, World } from './world.js';

/** What came back, whatever road it took. `text` is all of it, for the search for leaks. */
export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly text: string;
}

/** A person who is signed in, as the headers of a request. */
export interface SignedIn {
  readonly cookie: string;
  readonly csrf: string;
}

/** What the rows of the table are sent to. */
export interface Stage {
  readonly world: World;
  readonly owner: SignedIn;
  readonly reviewer: SignedIn;
  /** A run that awaits approval, asked for by the agent of `owner`. */
  readonly waiting: string;
  /** The digest of its subject. */
  readonly subject: string;
  /** A run that has ended. */
  readonly ended: string;
  /** A sign-in token that was used before. */
  readonly spentLink: string;
}

export type Send = (stage: Stage) => Promise<Answer>;
type Who = 'owner' | 'reviewer' | 'agent' | 'operator' | 'nobody';
export interface HttpParts {
  readonly as?: Who;
  /** Sent as JSON; a string or buffer as it is. */
  readonly body?: unknown;
  /** Over what the person's session sets; undefined takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Any request, also those that fetch would not send: its Host header is ours to choose. */
export function http(world: World, method: string, path: string, parts: Omit<HttpParts, 'as'> = {}): Promise<Answer> {
  const { body } = parts;
  const bytes =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? (body ?? '') : JSON.stringify(body);
  const length = Buffer.byteLength(bytes);
  const headers = Object.fromEntries(
    Object.entries({ 'content-type': 'application/json', 'content-length': String(length), ...parts.headers }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as Record<string, string>;
  return new Promise((resolve, reject) => {
    const { port } = world.at.http;
    // No connection is kept: one that was answered before its body was read is of no more use.
    const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, body: jsonOf(text), text: text + headersText(response.headers) });
      });
    });
    asked.on('error', reject);
    asked.end(bytes);
  });
}

const headersText = (headers: IncomingHttpHeaders): string => `\n${JSON.stringify(headers)}`;

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

/** A request to REST. `{waiting}`, `{ended}` in the path and body are the ids of those runs. */
export const rest =
  (method: string, path: string, { as = 'owner', body, headers }: HttpParts = {}): Send =>
  (stage) =>
    http(stage.world, method, filled(path, stage), {
      body: typeof body === 'object' && !Buffer.isBuffer(body) ? filledJson(body, stage) : body,
      headers: { ...whoHeaders(as, stage), ...headers },
    });

function whoHeaders(as: Who, stage: Stage): Record<string, string> {
  if (as === 'nobody') return {};
  if (as === 'agent') return { authorization: `Bearer ${stage.world.agentToken}` };
  if (as === 'operator') return { authorization: `Bearer ${stage.world.at.secrets.operatorToken}` };
  return { cookie: stage[as].cookie, 'x-csrf-token': stage[as].csrf };
}

const filled = (text: string, { waiting, ended, subject, spentLink }: Stage): string =>
  text
    .replaceAll('{waiting}', waiting)
    .replaceAll('{ended}', ended)
    .replaceAll('{subject}', subject)
    .replaceAll('{spentLink}', spentLink);
const filledJson = (value: unknown, stage: Stage): unknown => JSON.parse(filled(JSON.stringify(value), stage));

/** A call of an MCP tool by the agent. */
export const mcp =
  (tool: string, args: Json = {}): Send =>
  async (stage) => {
    const { world } = stage;
    const answer = await world.client.callTool({ name: tool, arguments: filledJson(args, stage) as Json });
    return {
      status: answer.isError ? 400 : 200,
      body: (answer.structuredContent ?? {}) as Json,
      text: JSON.stringify(answer),
    };
  };

/** A raw message to the MCP endpoint. */
export const mcpHttp =
  (parts: Omit<HttpParts, 'as'>): Send =>
  ({ world }) =>
    http(world, 'POST', '/mcp', {
      ...parts,
      headers: { accept: 'application/json, text/event-stream', ...parts.headers },
    });

/** A webhook whose signature is made with this secret over `signed`, which is the body where not given. */
export const webhook =
  (body: string, secret: (stage: Stage) => string | undefined, signed = body): Send =>
  (stage) => {
    const key = secret(stage);
    return http(stage.world, 'POST', '/webhooks/github', {
      body,
      headers: {
        'x-github-event': 'pull_request_review',
        'x-hub-signature-256':
          key === undefined ? undefined : `sha256=${createHmac('sha256', key).update(signed).digest('hex')}`,
      },
    });
  };

/** Spends a sign-in link of this person. */
export async function signedIn(world: World, person: string): Promise<SignedIn & { readonly link: string }> {
  const link = await world.at.app.sessions.createLink(person);
  const { body, text } = await http(world, 'POST', '/api/v1/session', { body: { token: link } });
  const cookie = /planwarden_session=[\w-]+/.exec(text)?.[0] ?? '';
  return { cookie, csrf: String(body.csrfToken), link };
}
