import {
  changeRequestSchema,
  explanationSchema,
  lockViewSchema,
  runDetailSchema,
  runEventSchema,
  runListSchema,
  runSummarySchema,
  sessionViewSchema,
  targetViewSchema,
  templateDetailSchema,
  templateSummarySchema,
  voteRequestSchema,
} from '@planwarden/contracts';
import { z } from 'zod';
import { GATE_ROUTES } from './gate.routes.js';

/** One route of the REST API, in the order of the OpenAPI document. A test compares this list with the controllers. */
export interface RouteDescription {
  readonly method: 'get' | 'post' | 'delete';
  /** OpenAPI path, e.g. `/api/v1/runs/{id}`. */
  readonly path: string;
  readonly summary: string;
  /** `session`: a signed-in person; `none`: anyone who reaches loopback; `operator`: the token in the data folder. */
  readonly audience: 'session' | 'none' | 'operator' | 'signature';
  readonly query?: readonly { readonly name: string; readonly description: string }[];
  readonly body?: z.ZodType;
  readonly status: number;
  /** Null: no body, or one that is not JSON (server-sent events). */
  readonly answer: z.ZodType | null;
}

export const createRunBody = changeRequestSchema;
export const cancelBody = z.strictObject({ reason: z.string().max(2000).default('') });
export const retryBody = z.strictObject({});
export const rollbackBody = z.strictObject({ reason: z.string().max(2000).default('') });
export const discardBody = z.strictObject({ reason: z.string().max(2000).default('') });
export const releaseLocksBody = z.strictObject({ reason: z.string().min(1).max(2000) });
export const signInBody = z.strictObject({ token: z.string().min(1).max(200) });
export const linkBody = z.strictObject({ person: z.string().min(1).max(63) });

export const protectionAnswer = z.strictObject({
  targets: z.array(
    z.strictObject({
      target: z.string(),
      repository: z.string(),
      branch: z.string(),
      requirements: z.array(z.strictObject({ name: z.string(), says: z.string(), isMet: z.boolean() })),
    }),
  ),
});

export const ROUTES: readonly RouteDescription[] = [
  {
    method: 'get',
    path: '/livez',
    summary: 'Whether the process is alive',
    audience: 'none',
    status: 200,
    answer: z.strictObject({ status: z.literal('ok') }),
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Whether database, policy and the outside are there',
    audience: 'none',
    status: 200,
    answer: z.strictObject({ status: z.literal('ok'), checks: z.record(z.string(), z.string()) }),
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Counts and durations, in the text format of Prometheus',
    audience: 'none',
    status: 200,
    answer: null,
  },
  {
    method: 'get',
    path: '/api/v1/session',
    summary: 'Who is signed in',
    audience: 'session',
    status: 200,
    answer: sessionViewSchema,
  },
  {
    method: 'post',
    path: '/api/v1/session',
    summary: 'Spends a one-time sign-in link (its token stands after the # of /sign-in) and sets the session cookie',
    audience: 'none',
    body: signInBody,
    status: 201,
    answer: sessionViewSchema,
  },
  { method: 'delete', path: '/api/v1/session', summary: 'Signs out', audience: 'session', status: 204, answer: null },
  {
    method: 'post',
    path: '/api/v1/sign-in-links',
    summary: 'Makes a one-time sign-in link for a person',
    audience: 'operator',
    body: linkBody,
    status: 201,
    answer: z.strictObject({ url: z.string() }),
  },
  {
    method: 'post',
    path: '/api/v1/graph/rebuild',
    summary: 'Fills the graph database again from what Postgres records',
    audience: 'operator',
    status: 200,
    answer: z.strictObject({ nodes: z.number(), edges: z.number() }),
  },
  {
    method: 'post',
    path: '/api/v1/runs/rebuild',
    summary: 'Makes the rows of all runs again from the journal',
    audience: 'operator',
    status: 200,
    answer: z.strictObject({ runs: z.number(), mended: z.number() }),
  },
  {
    method: 'post',
    path: '/api/v1/github/check',
    summary: "Reads at GitHub how each target's repository is protected: every requirement by name, met or not",
    audience: 'operator',
    status: 200,
    answer: protectionAnswer,
  },
  {
    method: 'get',
    path: '/api/v1/targets',
    summary: 'The targets a change may name',
    audience: 'session',
    status: 200,
    answer: z.strictObject({ targets: z.array(targetViewSchema) }),
  },
  {
    method: 'get',
    path: '/api/v1/templates',
    summary: 'The templates',
    audience: 'session',
    status: 200,
    answer: z.strictObject({ templates: z.array(templateSummarySchema) }),
  },
  {
    method: 'get',
    path: '/api/v1/templates/{name}',
    summary: 'One template with the JSON Schema of its parameters',
    audience: 'session',
    status: 200,
    answer: templateDetailSchema,
  },
  {
    method: 'get',
    path: '/api/v1/runs',
    summary: 'Runs, newest first',
    audience: 'session',
    query: [
      { name: 'state', description: 'only runs in this state' },
      { name: 'cursor', description: 'the `next` of the page before' },
      { name: 'limit', description: '1 to 100, 20 where not given' },
    ],
    status: 200,
    answer: runListSchema,
  },
  {
    method: 'post',
    path: '/api/v1/runs',
    summary: 'Asks for a change; answers with the run that was started',
    audience: 'session',
    body: createRunBody,
    status: 202,
    answer: runSummarySchema,
  },
  {
    method: 'get',
    path: '/api/v1/runs/{id}',
    summary: 'One run: road, plan, findings, approval',
    audience: 'session',
    status: 200,
    answer: runDetailSchema,
  },
  {
    method: 'get',
    path: '/api/v1/runs/{id}/log',
    summary: 'The journal of a run',
    audience: 'session',
    status: 200,
    answer: z.strictObject({ events: z.array(runEventSchema) }),
  },
  {
    method: 'get',
    path: '/api/v1/runs/{id}/events',
    summary: 'The journal of a run as server-sent events; Last-Event-ID is the journal position',
    audience: 'session',
    status: 200,
    answer: null,
  },
  {
    method: 'get',
    path: '/api/v1/events',
    summary: 'Journal entries of all runs as server-sent events',
    audience: 'session',
    status: 200,
    answer: null,
  },
  {
    method: 'post',
    path: '/api/v1/runs/{id}/votes',
    summary: 'Approves or rejects the subject whose digest the page showed',
    audience: 'session',
    body: voteRequestSchema,
    status: 201,
    answer: z.strictObject({ vote: z.string() }),
  },
  {
    method: 'post',
    path: '/api/v1/runs/{id}/discard',
    summary: 'A person who may vote says no for good: the run ends discarded',
    audience: 'session',
    body: discardBody,
    status: 202,
    answer: runSummarySchema,
  },
  {
    method: 'post',
    path: '/api/v1/runs/{id}/cancel',
    summary: 'Cancels a run before anything was released: your own, or one that you could vote on',
    audience: 'session',
    body: cancelBody,
    status: 202,
    answer: runSummarySchema,
  },
  ...GATE_ROUTES,
  {
    method: 'post',
    path: '/api/v1/runs/{id}/release-locks',
    summary: 'A person who may vote has looked at what a failed apply left: the locks it kept go to whoever waits',
    audience: 'session',
    body: releaseLocksBody,
    status: 200,
    answer: z.strictObject({ released: z.array(z.string()) }),
  },
  {
    method: 'get',
    path: '/api/v1/locks',
    summary: 'Every lock: who holds it, since when, and who waits for it',
    audience: 'session',
    status: 200,
    answer: z.strictObject({ locks: z.array(lockViewSchema) }),
  },
  {
    method: 'post',
    path: '/api/v1/runs/{id}/retry',
    summary: 'Asks for the same change again after a run that did not succeed; answers with the new run',
    audience: 'session',
    body: retryBody,
    status: 202,
    answer: runSummarySchema,
  },
  {
    method: 'post',
    path: '/api/v1/runs/{id}/rollback',
    summary: 'Asks to undo what a run merged; answers with the new run',
    audience: 'session',
    body: rollbackBody,
    status: 202,
    answer: runSummarySchema,
  },
  {
    method: 'get',
    path: '/api/v1/decisions/{id}',
    summary: 'A recorded policy decision, explained',
    audience: 'session',
    status: 200,
    answer: explanationSchema,
  },
  {
    method: 'post',
    path: '/webhooks/github',
    summary: 'A bell from GitHub; its signature is checked over the raw bytes, its content is never trusted',
    audience: 'signature',
    status: 202,
    answer: null,
  },
];
