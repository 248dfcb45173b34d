import { type Answer, ApiError, type Json, notFound, text } from './http-kit.js';
import type { Caller } from './identity.js';
import type { Match, Router } from './router.js';
import type { SandboxCore } from './sandbox-core.js';

export interface RestRequest {
  method: string;
  /** Undecoded, without a query. */
  path: string;
  query: Record<string, string>;
  authorization: string | undefined;
  accept: string;
  body: Uint8Array;
}
export interface RestReply {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array | undefined;
  /** The effect stands and the connection is to be cut. */
  cut?: boolean;
}

/** One REST call: who, whether it may, what the published contract says of it, the act, and the contract again. */
export async function answerRest(core: SandboxCore, router: Router, request: RestRequest): Promise<RestReply> {
  const match = router.find(request.method === 'HEAD' ? 'GET' : request.method, request.path);
  if (!match) return json(404, notFound().body());
  const writes = request.method !== 'GET' && request.method !== 'HEAD';
  let answer: Answer;
  let cut = false;
  try {
    const caller = await core.identities.caller(request.authorization);
    allow(match, caller);
    const body = parsed(request.body);
    const context = {
      core,
      caller,
      params: match.params,
      query: request.query,
      body: body ?? {},
      accept: request.accept,
    };
    checkRequest(core, match, request.query, body);
    await core.faults.before(match.operation.id);
    const act = async (): Promise<Answer> => {
      const done = await match.route.handle(context);
      if (!writes) return done;
      await core.store.save();
      core.faults.count(match.operation.id);
      if (caller.kind !== 'nobody')
        core.faults.acts.push({ operation: match.operation.id, by: caller.account.id, ref: text(body?.ref) });
      return done;
    };
    answer = writes ? await core.exclusively(act) : await act();
    cut = core.faults.takeDrop(match.operation.id);
  } catch (error) {
    if (!(error instanceof ApiError)) {
      core.contract.violations += 1;
      core.log.error({ operation: match.operation.id, error: String(error) }, 'the sandbox failed');
    }
    const refusal = error instanceof ApiError ? error : new ApiError(500, 'Server Error');
    answer = { status: refusal.status, body: refusal.body() };
  }
  return { ...reply(core, match, request, answer), cut };
}

function allow({ route }: Match, caller: Caller): void {
  if (route.auth === 'any') return;
  if (route.auth === 'app-jwt') {
    if (caller.kind !== 'app-jwt') throw new ApiError(401, 'A JSON web token could not be decoded');
    return;
  }
  if (caller.kind === 'nobody') throw new ApiError(401, 'Requires authentication');
  if (caller.kind === 'app-jwt') throw new ApiError(403, 'Resource not accessible by integration');
  if (route.auth === 'installation' && caller.kind !== 'installation')
    throw new ApiError(403, 'You must authenticate with an installation access token in order to list repositories.');
}

function checkRequest(core: SandboxCore, match: Match, query: Json, body: Json | undefined): void {
  const { operation, params } = match;
  const wrong = core.contract.checkParameters(operation, params, query);
  if (wrong !== undefined) {
    const inPath = Object.keys(params).some((name) => wrong.startsWith(`${name}:`));
    throw inPath ? notFound() : new ApiError(422, `Invalid request.\n\n${wrong}`);
  }
  checkBody(core, match, body);
}

function checkBody(core: SandboxCore, { operation }: Match, body: Json | undefined): void {
  const wrong = core.contract.checkBody(operation, body);
  if (wrong !== undefined) throw new ApiError(422, `Invalid request.\n\n${wrong}`);
}

function parsed(bytes: Uint8Array): Json | undefined {
  if (bytes.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Told below, like a body that is no object.
  }
  throw new ApiError(400, 'Problems parsing JSON');
}

function reply(core: SandboxCore, match: Match, request: RestRequest, answer: Answer): RestReply {
  if (answer.raw) return { status: answer.status, headers: { 'content-type': answer.raw.type }, body: answer.raw.data };
  const headers: Record<string, string> = answer.location === undefined ? {} : { location: answer.location };
  let body = answer.body;
  if (answer.list) {
    const { items, wrap } = answer.list;
    const size = Math.min(100, Math.max(1, Number(request.query.per_page ?? 30) || 30));
    const page = Math.max(1, Number(request.query.page ?? 1) || 1);
    const slice = items.slice((page - 1) * size, page * size);
    body = wrap ? wrap(slice, page === 1) : slice;
    const link = links(core, request, page, Math.max(1, Math.ceil(items.length / size)));
    if (link) headers.link = link;
  }
  const wrong = core.contract.checkAnswer(match.operation, answer.status, body);
  if (wrong !== undefined) {
    core.log.error({ operation: match.operation.id, status: answer.status, wrong }, 'an answer breaks the contract');
    return json(500, new ApiError(500, 'The sandbox broke the contract').body());
  }
  return { ...json(answer.status, body), headers: { ...json(answer.status, body).headers, ...headers } };
}

function links(core: SandboxCore, request: RestRequest, page: number, last: number): string {
  const at = (number: number, rel: string): string => {
    const query = new URLSearchParams({ ...request.query, page: String(number) });
    return `<${core.url}${request.path}?${query}>; rel="${rel}"`;
  };
  const before = page > 1 ? [at(page - 1, 'prev'), at(1, 'first')] : [];
  const after = page < last ? [at(page + 1, 'next'), at(last, 'last')] : [];
  return [...before, ...after].join(', ');
}

export function json(status: number, body: unknown): RestReply {
  if (body === undefined) return { status, headers: {}, body: undefined };
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}
