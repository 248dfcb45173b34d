import { afterEach, describe, expect, test } from '@jest/globals';
import { fromJsonSchema, InMemoryTransport, McpServer } from '@modelcontextprotocol/server';
import { isPlanwardenError, noFaults, PlanwardenError, silentLog, type Target } from '@planwarden/contracts';
import {
  type CallJournalEntry,
  type GatewayOptions,
  loadPins,
  McpGateway,
  requireOk,
  type ServerOptions,
} from './index.js';

const target: Target = {
  name: 'shop-staging',
  environment: 'staging',
  repository: { owner: 'acme', name: 'infra' },
  baseBranch: 'main',
  path: 'clusters/staging',
  kind: 'manifests',
  delivery: 'gitops',
  cluster: 'staging',
  argocd: {
    namespace: 'argocd',
    rootApplication: 'root',
    rootPath: 'clusters/staging/apps',
    project: 'shop',
    repoUrl: 'https://github.test/acme/infra.git',
    destination: { server: 'https://kubernetes.default.svc' },
    namespaces: ['shop'],
  },
  owners: [],
  quorum: 1,
  leastAssurance: 'session',
  limits: { openRuns: 5, approvalExpirySeconds: 3600, verifyTimeoutSeconds: 60, holdForSeconds: 14_400 },
} as unknown as Target;

const schema = {
  type: 'object',
  properties: {
    branch: { type: 'string' },
    count: { type: 'number' },
    files: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
    },
  },
  required: ['branch'],
} as const;

interface Behaviour {
  answer: () => Promise<{ content: { type: 'text'; text: string }[]; isError?: boolean }>;
  schema: Record<string, unknown>;
}

const anyInput = { getValidator: () => (data: unknown) => ({ valid: true as const, data, errorMessage: undefined }) };
const open: McpGateway[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.close()));
});

/** A real server in process, with one tool whose answer and schema the test may change. */
async function gateway(more: Partial<ServerOptions> = {}, options: Partial<GatewayOptions> = {}) {
  const behaviour: Behaviour = { answer: async () => text('made'), schema };
  const seen: { args: unknown[]; transports: InMemoryTransport[] } = { args: [], transports: [] };
  const entries: CallJournalEntry[] = [];
  const connect = async (): Promise<InMemoryTransport> => {
    const server = new McpServer({ name: 'fake', version: '1' });
    server.registerTool(
      'make',
      { description: 'makes', inputSchema: fromJsonSchema(behaviour.schema, anyInput as never) },
      async (args) => {
        seen.args.push(args);
        return behaviour.answer();
      },
    );
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    seen.transports.push(theirs);
    await server.connect(theirs);
    return ours;
  };
  const built = await McpGateway.connect({
    servers: {
      fake: {
        transport: { kind: 'in-process', transport: connect },
        allow: ['make'],
        pinned: { make: schema },
        deadlineMs: 5_000,
        maxResponseBytes: 1_000,
        schemaMaxAgeMs: 0,
        ...more,
      },
    },
    interceptors: [],
    redact: (value) => JSON.parse(JSON.stringify(value).replaceAll('hunter2', '***')),
    journal: async (entry) => {
      entries.push(entry);
    },
    assertApproval: () => {
      throw new PlanwardenError('APPROVAL_FORGED', 'not real', { remedy: 'none' });
    },
    faults: noFaults,
    log: silentLog,
    ...options,
  });
  open.push(built);
  const call = (
    args: Record<string, unknown>,
    extra: { tool?: string; approval?: unknown; signal?: AbortSignal } = {},
  ) =>
    built.call({
      server: 'fake',
      tool: 'make',
      args,
      run: 'run_1',
      step: 'open-pull-request',
      target,
      signal: new AbortController().signal,
      ...extra,
    });
  return { gateway: built, call, behaviour, seen, entries };
}

const text = (value: string, isError = false) => ({ content: [{ type: 'text' as const, text: value }], isError });

async function refusal(promise: Promise<unknown>): Promise<PlanwardenError> {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (isPlanwardenError(error)) return error;
  throw new Error(`expected a PlanwardenError, got ${String(error)}`);
}

describe('McpGateway', () => {
  test('passes a good call and journals it with redacted arguments', async () => {
    const { call, entries, seen } = await gateway();
    const answer = await call({ branch: 'hunter2' });
    expect(answer).toMatchObject({ text: 'made', isError: false, failure: null, status: null });
    expect(seen.args).toEqual([{ branch: 'hunter2' }]);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      kind: 'call',
      server: 'fake',
      tool: 'make',
      run: 'run_1',
      step: 'open-pull-request',
      target: 'shop-staging',
      arguments: { branch: '***' },
      outcome: 'ok',
    });
  });

  test('refuses a tool that is not on the allow-list, and journals the refusal', async () => {
    const { call, entries, seen } = await gateway();
    const error = await refusal(call({}, { tool: 'merge_pull_request' }));
    expect(error.code).toBe('MCP_TOOL_NOT_ALLOWED');
    expect(seen.args).toEqual([]);
    expect(entries[0]).toMatchObject({ outcome: 'refused', code: 'MCP_TOOL_NOT_ALLOWED' });
  });

  test.each([
    ['an unknown argument', { branch: 'a', dryRun: true }, 'dryRun'],
    ['an unknown argument deep inside', { branch: 'a', files: [{ path: 'x', mode: '100755' }] }, 'files.0.mode'],
    ['a missing argument', {}, 'branch'],
    ['a number in quotes', { branch: 'a', count: '3' }, 'count'],
  ])('refuses %s and names the field', async (_case, args, field) => {
    const { call, seen } = await gateway();
    const error = await refusal(call(args));
    expect(error.code).toBe('MCP_ARGUMENTS_INVALID');
    expect(error.where?.field).toBe(field);
    expect(seen.args).toEqual([]);
  });

  test('blocks a tool whose live schema changed until a person accepts it', async () => {
    const built = await gateway();
    built.behaviour.schema = { ...schema, properties: { ...schema.properties, force: { type: 'boolean' } } };
    await built.call({ branch: 'before' });
    // The server starts anew with another schema.
    await built.seen.transports[0]?.close();
    const error = await refusal(built.call({ branch: 'a' }));
    expect(error).toMatchObject({ code: 'MCP_SCHEMA_CHANGED', failure: 'needs_human' });
    expect(built.seen.args).toEqual([{ branch: 'before' }]);
    const accepted = await built.gateway.acceptSchema('fake', 'make');
    expect(accepted.schema).toHaveProperty('properties.force');
    expect(built.entries.at(-1)).toMatchObject({ kind: 'schema_accepted', outcome: 'accepted', tool: 'make' });
    await expect(built.call({ branch: 'a', force: false })).resolves.toMatchObject({ text: 'made' });
  });

  test('stops at the first interceptor that throws, before anything leaves', async () => {
    const order: string[] = [];
    const { call, seen } = await gateway(
      {},
      {
        interceptors: [
          { name: 'first', before: async (c) => void order.push(`first:${c.tool}:${c.approved}`) },
          {
            name: 'policy',
            before: async () => {
              throw new PlanwardenError('POLICY_DENIED', 'no', { remedy: 'none' });
            },
          },
          { name: 'never', before: async () => void order.push('never') },
        ],
      },
    );
    expect((await refusal(call({ branch: 'a' }))).code).toBe('POLICY_DENIED');
    expect(order).toEqual(['first:make:false']);
    expect(seen.args).toEqual([]);
  });

  test('an interceptor cannot change what is sent', async () => {
    const { call, seen } = await gateway(
      {},
      { interceptors: [{ name: 'meddler', before: async (c) => void Object.assign(c.args, { branch: 'other' }) }] },
    );
    await call({ branch: 'mine' });
    expect(seen.args).toEqual([{ branch: 'mine' }]);
  });

  test('a direct write needs an approval that the application finds real', async () => {
    const without = await gateway({ writes: ['make'] });
    expect((await refusal(without.call({ branch: 'a' }))).code).toBe('MCP_TOOL_NOT_ALLOWED');
    expect((await refusal(without.call({ branch: 'a' }, { approval: {} }))).code).toBe('APPROVAL_FORGED');
    expect(without.seen.args).toEqual([]);
    const real = { real: true };
    const shown: unknown[] = [];
    const approved = await gateway({ writes: ['make'] }, { assertApproval: (approval) => void shown.push(approval) });
    await approved.call({ branch: 'a' }, { approval: real });
    expect(shown).toEqual([real]);
    expect(approved.seen.args).toEqual([{ branch: 'a' }]);
  });

  test.each([
    ['failed to create branch: POST https://github.test/api/v3/x: 422 Reference already exists []', 422, 'final'],
    ['failed to get ref: GET https://github.test/api/v3/x: 502  []', 502, 'retryable'],
    ['failed to list: GET https://github.test/x: 429 slow down []', 429, 'retryable'],
    ['failed: GET https://github.test/x: 403 API rate limit exceeded []', 403, 'retryable'],
    ['failed: GET https://github.test/x: 403 Resource not accessible []', 403, 'final'],
    ['failed: dial tcp 127.0.0.1:1: connect: connection refused', null, 'retryable'],
    ['something else with 503 in it', null, 'final'],
  ])('classifies the error text %j', async (words, status, failure) => {
    const { call, behaviour, entries } = await gateway();
    behaviour.answer = async () => text(words, true);
    const answer = await call({ branch: 'a' });
    expect(answer).toMatchObject({ isError: true, status, failure });
    expect(entries[0]).toMatchObject({ outcome: 'tool_error', status, failure });
    const error = await refusal(Promise.resolve().then(() => requireOk(answer, 'make a branch')));
    expect(error).toMatchObject({ code: 'MCP_TOOL_FAILED', failure });
    expect(error.message).not.toContain('github.test');
  });

  test('refuses an answer over the limit', async () => {
    const { call, behaviour, entries } = await gateway();
    behaviour.answer = async () => text('x'.repeat(2_000));
    expect(await refusal(call({ branch: 'a' }))).toMatchObject({ code: 'OUTSIDE_ANSWER_INVALID', failure: 'final' });
    expect(entries[0]).toMatchObject({ outcome: 'failed', code: 'OUTSIDE_ANSWER_INVALID' });
  });

  test('a tool that never answers meets its deadline, retryable', async () => {
    const { call, behaviour } = await gateway({ deadlineMs: 300 });
    behaviour.answer = () => new Promise(() => undefined);
    expect(await refusal(call({ branch: 'a' }))).toMatchObject({ code: 'OUTSIDE_UNAVAILABLE', failure: 'retryable' });
  });

  test('opens the circuit after failures in a row and then sends nothing', async () => {
    const { call, behaviour, seen } = await gateway({ breaker: { failures: 2, halfOpenAfterMs: 3_600_000 } });
    await call({ branch: 'warm' });
    behaviour.answer = async () => text('failed: GET https://github.test/x: 503 down []', true);
    await call({ branch: 'a' });
    await call({ branch: 'b' });
    const sent = seen.args.length;
    expect(await refusal(call({ branch: 'c' }))).toMatchObject({ code: 'OUTSIDE_UNAVAILABLE', failure: 'retryable' });
    expect(seen.args.length).toBe(sent);
  });

  test('a lost connection is retryable and opened again by the next call', async () => {
    const built = await gateway();
    built.behaviour.answer = async () => {
      await built.seen.transports[0]?.close();
      return text('too late');
    };
    expect(await refusal(built.call({ branch: 'a' }))).toMatchObject({
      code: 'OUTSIDE_UNAVAILABLE',
      failure: 'retryable',
    });
    built.behaviour.answer = async () => text('made');
    await expect(built.call({ branch: 'a' })).resolves.toMatchObject({ text: 'made' });
  });

  test('passes the fault points around the call', async () => {
    const points: string[] = [];
    const { call } = await gateway({}, { faults: { at: (point) => void points.push(point) } });
    await call({ branch: 'a' });
    expect(points).toEqual(['mcp-client:before-call', 'mcp-client:after-call']);
  });

  test('the answer leaves only after its journal entry', async () => {
    const { call } = await gateway(
      {},
      {
        journal: async () => {
          throw new PlanwardenError('DATABASE_UNAVAILABLE', 'down', { remedy: 'none', failure: 'retryable' });
        },
      },
    );
    expect((await refusal(call({ branch: 'a' }))).code).toBe('DATABASE_UNAVAILABLE');
  });

  test('never sends a value that was taken off, though the pinned schema allows it', async () => {
    const { call, seen, entries } = await gateway({ narrowed: { make: { branch: ['a', 'b'] } } });
    expect(await call({ branch: 'b' })).toMatchObject({ text: 'made' });
    const error = await refusal(call({ branch: 'c' }));
    expect(error).toMatchObject({ code: 'MCP_ARGUMENTS_INVALID', where: { field: 'branch' } });
    expect(seen.args).toEqual([{ branch: 'b' }]);
    expect(entries.at(-1)).toMatchObject({ outcome: 'refused', code: 'MCP_ARGUMENTS_INVALID' });
  });

  test('refuses to start with an allowed tool that has no pin', async () => {
    expect((await refusal(gateway({ pinned: {} }))).code).toBe('CONFIG_INVALID');
  });
});

describe('pins', () => {
  test('hold every tool we call', () => {
    expect(Object.keys(loadPins('github')).sort()).toEqual([
      'add_comment_to_pending_review',
      'add_issue_comment',
      'create_branch',
      'create_or_update_file',
      'create_pull_request',
      'delete_file',
      'get_file_contents',
      'pull_request_read',
      'pull_request_review_write',
      'push_files',
      'update_pull_request',
      'update_pull_request_branch',
    ]);
    expect(Object.keys(loadPins('kubernetes')).sort()).toEqual([
      'namespaces_list',
      'pods_list_in_namespace',
      'resources_create_or_update',
      'resources_get',
      'resources_list',
    ]);
  });
});
