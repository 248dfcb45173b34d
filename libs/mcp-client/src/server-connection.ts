import type { CallToolResult } from '@modelcontextprotocol/client';
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Log } from '@planwarden/contracts';
import type { ServerOptions } from './gateway-types.js';
import { limitedFetch } from './limited-fetch.js';
import type { JsonSchema } from './strict-schema.js';

/** Room for `tools/list`, which may be larger than any answer we accept. */
const LEAST_BUFFER_BYTES = 10 * 1024 * 1024;
const DEFAULT_SCHEMA_MAX_AGE_MS = 30_000;

/** One server: opens the connection, opens it again after a loss, and knows the live input schemas. */
export class ServerConnection {
  #client: Client | undefined;
  #opening: Promise<Client> | undefined;
  #schemas: { readonly byTool: ReadonlyMap<string, JsonSchema>; readonly at: number } | undefined;

  constructor(
    readonly name: string,
    private readonly options: ServerOptions,
    private readonly log: Log,
  ) {}

  /** Opens the connection unless it is open. Two callers share one attempt. */
  async open(): Promise<Client> {
    if (this.#client) return this.#client;
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<Client> {
    // `auto` speaks 2026-07-28 where the server does and falls back to the 2025 handshake.
    const client = new Client(
      { name: 'planwarden', version: '0.1.0' },
      { versionNegotiation: { mode: 'auto', probe: { timeoutMs: Math.min(this.options.deadlineMs, 10_000) } } },
    );
    client.onclose = () => {
      if (this.#client === client) this.#forget();
    };
    client.onerror = (error) => this.log.warn({ server: this.name, error: error.name }, 'MCP connection error');
    client.setNotificationHandler('notifications/tools/list_changed', () => {
      this.#schemas = undefined;
    });
    await client.connect(await this.#transport(), { timeout: this.options.deadlineMs });
    this.#client = client;
    return client;
  }

  async #transport(): Promise<Transport> {
    const { transport, maxResponseBytes } = this.options;
    const buffer = Math.max(LEAST_BUFFER_BYTES, maxResponseBytes * 2);
    switch (transport.kind) {
      case 'stdio':
        return new StdioClientTransport({
          command: transport.command,
          args: [...transport.args],
          env: { ...getDefaultEnvironment(), ...transport.env },
          // The child's log is not ours to show: it may hold what we would redact.
          stderr: 'ignore',
          maxBufferSize: buffer,
        });
      case 'http':
        return new StreamableHTTPClientTransport(new URL(transport.url), {
          requestInit: { headers: { ...transport.headers } },
          fetch: limitedFetch(buffer),
        });
      case 'in-process':
        return typeof transport.transport === 'function' ? transport.transport() : transport.transport;
    }
  }

  /** The live input schema of a tool, at most `schemaMaxAgeMs` old; undefined when the server does not list it. */
  async liveSchema(tool: string, signal: AbortSignal): Promise<JsonSchema | undefined> {
    const maxAge = this.options.schemaMaxAgeMs ?? DEFAULT_SCHEMA_MAX_AGE_MS;
    const client = await this.open();
    if (!this.#schemas || performance.now() - this.#schemas.at >= maxAge) {
      const at = performance.now();
      const { tools } = await client.listTools(undefined, {
        cacheMode: 'refresh',
        signal,
        timeout: this.options.deadlineMs,
      });
      this.#schemas = { byTool: new Map(tools.map((t): [string, JsonSchema] => [t.name, t.inputSchema])), at };
    }
    return this.#schemas.byTool.get(tool);
  }

  async callTool(tool: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<CallToolResult> {
    const client = await this.open();
    return client.callTool({ name: tool, arguments: { ...args } }, { signal, timeout: this.options.deadlineMs });
  }

  /** Drops a connection that failed, so that the next call opens a new one. */
  async reset(): Promise<void> {
    const client = this.#client;
    this.#forget();
    await client?.close().catch(() => undefined);
  }

  #forget(): void {
    this.#client = undefined;
    this.#schemas = undefined;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.reset();
  }
}
