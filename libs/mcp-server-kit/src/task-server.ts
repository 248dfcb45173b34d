import {
  type CallToolResult,
  type JSONRPCRequest,
  type Result,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

/** How a `tools/call` may be answered with a task instead of its result. */
export interface AsTask {
  /** Throws where a task is asked for that cannot be. */
  before(request: JSONRPCRequest): void;
  /** The answer in place of the result; undefined: the result stands. */
  after(request: JSONRPCRequest, result: CallToolResult, ctx: ServerContext): Promise<Result | undefined>;
}

type Handle = (request: JSONRPCRequest, ctx: ServerContext) => Promise<Result>;

/**
 * The SDK's server with tasks: it keeps the vocabulary of both eras and runs neither, and its check of tool results
 * refuses (2025) or disfigures (2026) the answer that hands out a task. Everything else goes through that check.
 */
export class TaskServer extends Server {
  asTask: AsTask | undefined;

  protected override _wrapHandler(method: string, handler: Handle): Handle {
    if (method !== 'tools/call') return super._wrapHandler(method, handler);
    return async (request, ctx) => {
      this.asTask?.before(request);
      let task: Result | undefined;
      const checked = super._wrapHandler(method, async (call, context) => {
        const result = await handler(call, context);
        // What the check behind takes for a result; a question back to the client begins no task.
        if (!('content' in result)) return result;
        task = await this.asTask?.after(call, result as CallToolResult, context);
        return task === undefined ? result : { content: [] };
      });
      const result = await checked(request, ctx);
      return task ?? result;
    };
  }
}
