import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server';
import { type ErrorBody, isPlanwardenError, type Log, PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';

/** What a handler answers: `structured` is checked against the output schema; `text` defaults to its JSON. */
export interface ToolReply<Out> {
  readonly structured?: Out;
  readonly text?: string;
  /** Embedded text resources, after the text. */
  readonly resources?: readonly { readonly uri: string; readonly mimeType: string; readonly text: string }[];
  readonly isError?: boolean;
}

export interface ToolOptions<In extends z.ZodObject, Out extends z.ZodObject, Context> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly inputSchema: In;
  /** Left out by servers that copy a tool which has none. */
  readonly outputSchema?: Out;
  /** Set where the work goes on after the answer: the id of the task that a structured answer began. */
  readonly taskOf?: (structured: Readonly<Record<string, unknown>>) => string;
  handler(args: z.output<In>, context: Context): Promise<ToolReply<z.input<Out>>>;
}

/** A tool with its schemas as JSON and one way to call it that never throws. */
export interface Tool<Context> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly inputJson: Record<string, unknown>;
  readonly outputJson: Record<string, unknown> | undefined;
  readonly taskOf?: ((structured: Readonly<Record<string, unknown>>) => string) | undefined;
  call(args: unknown, context: () => Context | Promise<Context>, log: Log): Promise<CallToolResult>;
}

const errorJson = {
  type: 'object',
  properties: { code: { type: 'string' }, message: { type: 'string' }, remedy: { type: 'string' } },
  required: ['code', 'message', 'remedy'],
};

/** Defines one tool. Unknown arguments are refused at the top level here, deeper by strict objects in the schema. */
export function defineTool<In extends z.ZodObject, Context, Out extends z.ZodObject = z.ZodObject>(
  options: ToolOptions<In, Out, Context>,
): Tool<Context> {
  const input = options.inputSchema.strict();
  const output = options.outputSchema;
  return {
    name: options.name,
    title: options.title,
    description: options.description,
    annotations: options.annotations,
    inputJson: jsonOf(input, 'input'),
    // Clients check structuredContent of errors against the output schema too, so it must allow our error shape.
    outputJson: output && { type: 'object', anyOf: [jsonOf(output, 'output'), errorJson] },
    taskOf: options.taskOf,
    async call(args, context, log) {
      try {
        const parsed = input.safeParse(args ?? {});
        if (!parsed.success) throw inputInvalid(options.name, input, parsed.error);
        // `strict()` changes what is refused, not what is parsed; the type system loses that.
        const reply = await options.handler(parsed.data as z.output<In>, await context());
        return toResult(reply, output);
      } catch (error) {
        return errorResult(error, options.name, log);
      }
    },
  };
}

function jsonOf(schema: z.ZodObject, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io });
  return json;
}

function toResult(reply: ToolReply<unknown>, output: z.ZodObject | undefined): CallToolResult {
  const structured = output && !reply.isError ? output.parse(reply.structured) : reply.structured;
  const text = reply.text ?? JSON.stringify(structured ?? {});
  const resources = (reply.resources ?? []).map((resource) => ({
    type: 'resource' as const,
    resource: { ...resource },
  }));
  return {
    content: [{ type: 'text', text }, ...resources],
    ...(isRecord(structured) ? { structuredContent: structured } : {}),
    ...(reply.isError ? { isError: true } : {}),
  };
}

function inputInvalid(tool: string, input: z.ZodObject, error: z.ZodError): PlanwardenError {
  const details = error.issues.flatMap((issue) => {
    const at = issue.path.map(String);
    const unknown = issue.code === 'unrecognized_keys';
    const fields = unknown ? issue.keys.map((key) => [...at, key].join('.')) : [at.join('.')];
    return fields.map((field) => ({
      code: 'INPUT_INVALID',
      message: unknown ? `${field} is no argument of this tool` : `${field || 'arguments'}${wrongWith(issue)}`,
      where: { field },
    }));
  });
  const first = details[0];
  return new PlanwardenError(
    'INPUT_INVALID',
    `Arguments of ${tool}: ${details.map(({ message }) => message).join('; ')}.`,
    { ...(first ? { where: first.where } : {}), remedy: taken(input), details },
  );
}

/** What zod says of a value, without its stock phrase; of one that is not there, that it is missing. */
function wrongWith(issue: z.core.$ZodIssue): string {
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return isMissing
    ? ` is missing (${issue.expected})`
    : `: ${issue.message.replace(/^(Invalid input|Invalid option|Too big|Too small): /, '')}`;
}

/** Whoever has guessed a name is told all of them. */
function taken(input: z.ZodObject): string {
  const { required = [], properties = {} } = z.toJSONSchema(input, { io: 'input' });
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  if (required.length + optional.length === 0) return 'Send it again without arguments.';
  const parts = [
    ...(required.length > 0 ? [`needs ${required.join(', ')}`] : []),
    ...(optional.length > 0 ? [`takes ${optional.join(', ')}`] : []),
  ];
  return `Send it again: it ${parts.join(' and ')}.`;
}

/** Turns whatever was thrown into an isError result with our error body; an unknown error tells nothing of itself. */
export function errorResult(error: unknown, tool: string, log: Log): CallToolResult {
  const body = toErrorBody(error);
  if (body.code === 'INTERNAL') log.error({ err: error, tool }, 'tool failed in a way we do not know');
  return {
    isError: true,
    content: [{ type: 'text', text: errorText(body) }],
    structuredContent: { ...body },
  };
}

/** An error in sentences, for clients that show nothing else. */
export const errorText = ({ code, message, remedy }: Pick<ErrorBody, 'code' | 'message' | 'remedy'>): string =>
  `${code}: ${/[.!?]$/.test(message) ? message : `${message}.`} ${remedy}`;

export function toErrorBody(error: unknown): ErrorBody {
  if (isPlanwardenError(error)) return error.toBody();
  return {
    code: 'INTERNAL',
    message: 'Something failed inside the server.',
    remedy: 'Ask the operator to look at the log.',
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
