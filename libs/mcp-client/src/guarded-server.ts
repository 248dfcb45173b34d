import { type Digest, type Log, PlanwardenError } from '@planwarden/contracts';
import { type CircuitBreakerPolicy, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { toFailure } from './failures.js';
import type { ServerOptions } from './gateway-types.js';
import { ServerConnection } from './server-connection.js';
import { type ArgumentCheck, compileArgumentCheck, type JsonSchema, schemaDigest } from './strict-schema.js';

/** What we hold about one allowed tool: the schema in force, its digest, and the check compiled from it. */
interface PinnedTool {
  readonly schema: JsonSchema;
  readonly digest: Digest;
  readonly check: ArgumentCheck;
}

const pin = (schema: JsonSchema): PinnedTool => ({
  schema,
  digest: schemaDigest(schema),
  check: compileArgumentCheck(schema),
});

/** A connection with what guards it: allow-list, pinned schemas, circuit breaker. */
export class GuardedServer {
  readonly connection: ServerConnection;
  readonly breaker: CircuitBreakerPolicy;
  readonly #pinned = new Map<string, PinnedTool>();

  /** @throws PlanwardenError CONFIG_INVALID when an allowed tool has no pinned schema. */
  constructor(
    readonly name: string,
    readonly options: ServerOptions,
    log: Log,
  ) {
    this.connection = new ServerConnection(name, options, log);
    const { failures, halfOpenAfterMs } = options.breaker ?? { failures: 5, halfOpenAfterMs: 30_000 };
    // Only what may pass counts: a refused argument says nothing about the server's health.
    this.breaker = circuitBreaker(
      handleWhen((error) => toFailure(error, name, '').code === 'OUTSIDE_UNAVAILABLE').orWhenResult(
        (result) => isRecord(result) && result.failure === 'retryable',
      ),
      { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: halfOpenAfterMs },
    );
    for (const tool of options.allow) {
      const schema = Object.hasOwn(options.pinned, tool) ? options.pinned[tool] : undefined;
      if (schema === undefined) {
        throw new PlanwardenError('CONFIG_INVALID', `The tool ${name}.${tool} is allowed but has no pinned schema.`, {
          remedy: 'Add its input schema to the pins, or take it off the allow-list.',
        });
      }
      this.#pinned.set(tool, pin(schema));
    }
  }

  /** @throws PlanwardenError MCP_TOOL_NOT_ALLOWED */
  allowed(tool: string): PinnedTool {
    const pinned = this.#pinned.get(tool);
    if (pinned) return pinned;
    throw new PlanwardenError('MCP_TOOL_NOT_ALLOWED', `The tool ${this.name}.${tool} is not on the allow-list.`, {
      where: { field: 'tool' },
      remedy: 'Call an allowed tool.',
    });
  }

  needsApproval(tool: string): boolean {
    return this.options.writes?.includes(tool) ?? false;
  }

  /** @throws PlanwardenError MCP_ARGUMENTS_INVALID naming every argument that does not fit. */
  checkArguments(tool: string, args: unknown): void {
    const problems = [...this.allowed(tool).check(args), ...this.#narrowed(tool, args)];
    const first = problems[0];
    if (!first) return;
    throw new PlanwardenError(
      'MCP_ARGUMENTS_INVALID',
      `Arguments of ${this.name}.${tool}: ${first.field || 'the arguments'} ${first.message}.`,
      {
        where: { field: first.field },
        remedy: 'Send only arguments of the pinned input schema.',
        details: problems.map((p) => ({
          code: 'MCP_ARGUMENTS_INVALID',
          message: `${p.field || 'the arguments'} ${p.message}`,
          where: { field: p.field },
        })),
      },
    );
  }

  #narrowed(tool: string, args: unknown): { readonly field: string; readonly message: string }[] {
    const narrowed = Object.entries(this.options.narrowed?.[tool] ?? {});
    if (!isRecord(args)) return [];
    return narrowed.flatMap(([field, values]) =>
      !Object.hasOwn(args, field) || values.some((value) => value === args[field])
        ? []
        : [{ field, message: `has a value that is never sent; it may be ${values.join(', ')}` }],
    );
  }

  /** @throws PlanwardenError MCP_SCHEMA_CHANGED when the live schema is not the one in force. */
  async checkSchema(tool: string, signal: AbortSignal): Promise<void> {
    const pinned = this.allowed(tool);
    const live = await this.connection.liveSchema(tool, signal);
    if (live && schemaDigest(live) === pinned.digest) return;
    throw new PlanwardenError(
      'MCP_SCHEMA_CHANGED',
      live
        ? `The input schema of ${this.name}.${tool} is not the pinned one.`
        : `The server ${this.name} no longer offers the tool ${tool}.`,
      {
        remedy: live
          ? 'Compare the schemas; accept the new one, or run the server version that the pins name.'
          : 'Run the server version that the pins name.',
        failure: 'needs_human',
      },
    );
  }

  /** Takes the live schema as the pinned one. */
  async accept(tool: string, signal: AbortSignal): Promise<{ readonly digest: Digest; readonly schema: JsonSchema }> {
    this.allowed(tool);
    const live = await this.connection.liveSchema(tool, signal);
    if (!live) {
      throw new PlanwardenError('MCP_SCHEMA_CHANGED', `The server ${this.name} does not offer the tool ${tool}.`, {
        remedy: 'Run a server version that has it.',
      });
    }
    const pinned = pin(live);
    this.#pinned.set(tool, pinned);
    return { digest: pinned.digest, schema: pinned.schema };
  }

  schemaDigest(tool: string): Digest | null {
    return this.#pinned.get(tool)?.digest ?? null;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
