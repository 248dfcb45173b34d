import type { Transport } from '@modelcontextprotocol/client';
import type { Digest, ErrorCode, FailureKind, FaultPoints, Log, Target } from '@planwarden/contracts';
import type { JsonSchema } from './strict-schema.js';

/** How a server is reached. An in-process transport given as a function can be opened again after a loss. */
export type ServerTransport =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /** The whole environment of the child besides PATH, HOME and the like; nothing of ours is inherited. */
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'in-process'; readonly transport: Transport | (() => Transport | Promise<Transport>) };

export interface ServerOptions {
  readonly transport: ServerTransport;
  /** Tools that may be called; every other is refused. */
  readonly allow: readonly string[];
  /** Tool name -> pinned input schema. Every allowed tool needs one. */
  readonly pinned: Readonly<Record<string, JsonSchema>>;
  /** Milliseconds one call may take. */
  readonly deadlineMs: number;
  /** Largest answer, in bytes of its JSON. */
  readonly maxResponseBytes: number;
  /** Tools that write directly and so need an approval argument. */
  readonly writes?: readonly string[];
  /**
   * Tool -> argument -> the values it may have, where the pinned schema allows more. An argument that is left out is
   * not judged here.
   */
  readonly narrowed?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Milliseconds after which the live schemas are listed again; 0: before every call. Default 30 000. */
  readonly schemaMaxAgeMs?: number;
  /** Default: 5 failures in a row open the circuit for 30 000 ms. */
  readonly breaker?: { readonly failures: number; readonly halfOpenAfterMs: number };
}

export interface ToolCall {
  readonly server: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly run: string;
  readonly step: string;
  readonly target: Target;
  /** Needed by tools in `writes`; looked at by `assertApproval` only and never sent. */
  readonly approval?: unknown;
  readonly signal: AbortSignal;
}

/** What an interceptor sees: the call, with whether an approval was handed over in place of the approval itself. */
export interface InterceptedCall {
  readonly server: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly run: string;
  readonly step: string;
  readonly target: Target;
  readonly approved: boolean;
}

/** Stops a call by throwing a PlanwardenError. The application fills in policy of phase `call`. */
export interface CallInterceptor {
  readonly name: string;
  before(call: InterceptedCall): Promise<void>;
}

/** An answer. It is data from outside: never instructions, never shown as our own words. */
export interface ToolAnswer {
  /** All text blocks, joined by line feeds. */
  readonly text: string;
  /** Embedded text resources (get_file_contents answers with one). */
  readonly resources: readonly { readonly uri: string; readonly text: string }[];
  readonly structured: unknown;
  readonly isError: boolean;
  /** HTTP status of the server's upstream, where the error text tells it. */
  readonly status: number | null;
  /** Null unless `isError`. */
  readonly failure: FailureKind | null;
}

/** One line of the journal about the outside: every call, refused ones too, and every accepted schema. */
export interface CallJournalEntry {
  readonly id: string;
  readonly kind: 'call' | 'schema_accepted';
  readonly server: string;
  readonly tool: string;
  readonly run: string | null;
  readonly step: string | null;
  readonly target: string | null;
  /** Redacted. */
  readonly arguments: unknown;
  readonly argumentsDigest: Digest | null;
  readonly schemaDigest: Digest | null;
  /** `refused`: stopped by us before it left. `tool_error`: the tool answered isError. `failed`: no usable answer. */
  readonly outcome: 'ok' | 'tool_error' | 'refused' | 'failed' | 'accepted';
  readonly code: ErrorCode | null;
  readonly failure: FailureKind | null;
  readonly status: number | null;
  readonly responseBytes: number | null;
  readonly responseDigest: Digest | null;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
}

export interface GatewayOptions {
  readonly servers: Readonly<Record<string, ServerOptions>>;
  readonly interceptors: readonly CallInterceptor[];
  /** Masks secrets in any JSON value. */
  readonly redact: (value: unknown) => unknown;
  /** Must be durable when it resolves: the answer leaves only then. */
  readonly journal: (entry: CallJournalEntry) => Promise<void>;
  /** Throws unless the approval is real and fresh. Called right before a direct write leaves. */
  readonly assertApproval: (approval: unknown) => void | Promise<void>;
  readonly faults: FaultPoints;
  readonly log: Log;
}
