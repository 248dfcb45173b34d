import { digestOf, isPlanwardenError, newId, PlanwardenError, sha256 } from '@planwarden/contracts';
import { toAnswer } from './answer.js';
import { timedOut, toFailure } from './failures.js';
import type { CallJournalEntry, GatewayOptions, ToolAnswer, ToolCall } from './gateway-types.js';
import { GuardedServer } from './guarded-server.js';
import { answerTooLarge } from './limited-fetch.js';
import type { JsonSchema } from './strict-schema.js';

/** An answer with its measured size. */
interface Measured extends ToolAnswer {
  readonly bytes: number;
  readonly json: string;
}

/**
 * The one road by which Planwarden calls outside MCP servers. Every call passes one chain, in this order: allow-list,
 * strict check against the pinned schema, live schema compared with the pin, interceptors, approval of direct writes,
 * deadline, circuit breaker (around everything that reaches the server), the call, response limits, journal entry (with redacted arguments).
 */
export class McpGateway {
  readonly #servers: ReadonlyMap<string, GuardedServer>;

  private constructor(private readonly options: GatewayOptions) {
    this.#servers = new Map(
      Object.entries(options.servers).map(([name, server]) => [name, new GuardedServer(name, server, options.log)]),
    );
  }

  /**
   * Opens every server. A connection lost later is opened again by the next call.
   * @throws PlanwardenError CONFIG_INVALID (an allowed tool without pin), OUTSIDE_UNAVAILABLE (a server cannot be reached).
   */
  static async connect(options: GatewayOptions): Promise<McpGateway> {
    const gateway = new McpGateway(options);
    try {
      for (const server of gateway.#servers.values()) {
        await server.connection.open().catch((error: unknown) => {
          throw toFailure(error, server.name, 'connect');
        });
      }
    } catch (error) {
      await gateway.close();
      throw error;
    }
    return gateway;
  }

  /**
   * Calls a tool once; nothing is retried here. `isError` answers are returned, classified (see `requireOk`).
   * @throws PlanwardenError when the chain stops the call, or no usable answer comes; `failure` says how to treat it.
   */
  async call(call: ToolCall): Promise<ToolAnswer> {
    const startedAt = new Date();
    const started = performance.now();
    const progress = { sent: false };
    let answer: Measured;
    try {
      answer = await this.#chain(call, progress);
    } catch (error) {
      const failure = toFailure(error, call.server, call.tool);
      await this.#journal(call, startedAt, started, {
        outcome: progress.sent ? 'failed' : 'refused',
        code: failure.code,
        failure: failure.failure,
      });
      throw failure;
    }
    await this.#journal(call, startedAt, started, {
      outcome: answer.isError ? 'tool_error' : 'ok',
      code: answer.isError ? 'MCP_TOOL_FAILED' : null,
      failure: answer.failure,
      status: answer.status,
      responseBytes: answer.bytes,
      responseDigest: sha256(answer.json),
    });
    const { bytes: _bytes, json: _json, ...plain } = answer;
    return plain;
  }

  async #chain(call: ToolCall, progress: { sent: boolean }): Promise<Measured> {
    const server = this.#server(call.server);
    server.allowed(call.tool);
    server.checkArguments(call.tool, call.args);
    // What was checked is what is sent: the caller cannot change the arguments between the two.
    const args = structuredClone(call.args);
    const deadline = AbortSignal.timeout(server.options.deadlineMs);
    const signal = AbortSignal.any([call.signal, deadline]);
    try {
      // One pass through the breaker for the whole exchange: a listing that works must not hide calls that fail.
      return await server.breaker.execute(async () => {
        await server.checkSchema(call.tool, signal);
        await this.#intercept(server, call, args);
        if (server.needsApproval(call.tool)) await this.#assertApproved(call);
        return this.#send(server, call.tool, args, signal, progress);
      });
    } catch (error) {
      if (isPlanwardenError(error)) throw error;
      // A connection in an unknown state is not used again.
      if (toFailure(error, server.name, call.tool).failure === 'retryable') this.#resetLater(server, deadline.aborted);
      if (deadline.aborted) throw timedOut(`${server.name}.${call.tool}`, error);
      throw error;
    }
  }

  async #intercept(server: GuardedServer, call: ToolCall, args: Readonly<Record<string, unknown>>): Promise<void> {
    const { run, step, target, tool } = call;
    const approved = call.approval !== undefined;
    for (const interceptor of this.options.interceptors) {
      // Each gets a copy: an interceptor may stop a call, not change it.
      await interceptor.before({ server: server.name, tool, args: structuredClone(args), run, step, target, approved });
    }
  }

  /** A slow answer says nothing about the connection; anything else that may pass closes it. */
  #resetLater(server: GuardedServer, slow: boolean): void {
    if (slow) return;
    void server.connection.reset();
  }

  async #send(
    server: GuardedServer,
    tool: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    progress: { sent: boolean },
  ): Promise<Measured> {
    await this.options.faults.at('mcp-client:before-call');
    progress.sent = true;
    const result = await server.connection.callTool(tool, args, signal);
    await this.options.faults.at('mcp-client:after-call');
    const json = JSON.stringify(result);
    const bytes = Buffer.byteLength(json);
    if (bytes > server.options.maxResponseBytes) throw answerTooLarge(server.options.maxResponseBytes);
    return { ...toAnswer(result), bytes, json };
  }

  async #assertApproved(call: ToolCall): Promise<void> {
    if (call.approval === undefined) {
      throw new PlanwardenError(
        'MCP_TOOL_NOT_ALLOWED',
        `${call.server}.${call.tool} writes directly: it needs an approval.`,
        {
          where: { field: 'approval' },
          remedy: 'Call it only from the step that holds the approval.',
        },
      );
    }
    await this.options.assertApproval(call.approval);
  }

  /**
   * A person accepts the live schema of a tool as the new pin. It holds for this process: the answer carries the schema
   * to be stored by the application and handed in as `pinned` from then on.
   */
  async acceptSchema(server: string, tool: string): Promise<{ readonly digest: string; readonly schema: JsonSchema }> {
    const guarded = this.#server(server);
    const startedAt = new Date();
    const started = performance.now();
    const accepted = await guarded
      .accept(tool, AbortSignal.timeout(guarded.options.deadlineMs))
      .catch((error: unknown) => {
        throw toFailure(error, server, tool);
      });
    await this.options.journal({
      ...blank,
      id: newId('call'),
      kind: 'schema_accepted',
      server,
      tool,
      schemaDigest: accepted.digest,
      outcome: 'accepted',
      startedAt: startedAt.toISOString(),
      durationMs: Math.round(performance.now() - started),
    });
    return accepted;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.connection.close()));
  }

  #server(name: string): GuardedServer {
    const server = this.#servers.get(name);
    if (server) return server;
    throw new PlanwardenError('MCP_TOOL_NOT_ALLOWED', `There is no MCP server ${name}.`, {
      where: { field: 'server' },
      remedy: 'Name a configured server.',
    });
  }

  async #journal(call: ToolCall, startedAt: Date, started: number, what: Partial<CallJournalEntry>): Promise<void> {
    await this.options.journal({
      ...blank,
      id: newId('call'),
      kind: 'call',
      server: call.server,
      tool: call.tool,
      run: call.run,
      step: call.step,
      target: call.target.name,
      arguments: this.options.redact(call.args),
      argumentsDigest: digestOf(call.args),
      schemaDigest: this.#servers.get(call.server)?.schemaDigest(call.tool) ?? null,
      startedAt: startedAt.toISOString(),
      durationMs: Math.round(performance.now() - started),
      ...what,
    });
  }
}

const blank = {
  run: null,
  step: null,
  target: null,
  arguments: null,
  argumentsDigest: null,
  schemaDigest: null,
  outcome: 'failed',
  code: null,
  failure: null,
  status: null,
  responseBytes: null,
  responseDigest: null,
} as const satisfies Partial<CallJournalEntry>;
