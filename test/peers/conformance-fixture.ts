import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  acceptedContent,
  type CallToolResult,
  completable,
  inputRequired,
  inputResponse,
  LOG_LEVEL_META_KEY,
  type McpRequestContext,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { silentLog } from '@planwarden/contracts';
import { createMcpServer, defineTool, type ServerFactory } from '@planwarden/mcp-server-kit';
import { z } from 'zod';
import { SuiteTasks } from './conformance-tasks.js';

/** One red pixel, and a moment of silence. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const nothing = z.object({});
const text = (words: string): CallToolResult => ({ content: [{ type: 'text', text: words }] });
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

/** A text tool as our own tools are made. */
const simpleText = defineTool({
  name: 'test_simple_text',
  title: 'Simple text',
  description: 'Answers with one text.',
  annotations: { readOnlyHint: true },
  inputSchema: nothing,
  handler: async (_args, _context: null) => ({ text: 'This is a simple text response for testing.' }),
});

/**
 * The server that the conformance suite wants to see, made by our kit and served by our endpoint: what the kit has no
 * words for (pictures, questions to the client, progress) is registered on the kit's server with the SDK's own.
 */
export function conformanceServer(): ServerFactory {
  const suiteTasks = new SuiteTasks();
  const kit = createMcpServer<null>({
    tasks: suiteTasks,
    name: 'conformance-fixture',
    version: '1.0.0',
    tools: [simpleText, ...suiteTasks.tools],
    prompts: [
      {
        name: 'test_simple_prompt',
        title: 'Simple',
        description: 'One message.',
        arguments: nothing,
        render: async () => 'This is a simple prompt for testing.',
      },
    ],
    resources: [
      {
        name: 'static-text',
        uri: 'test://static-text',
        title: 'Text',
        description: 'A text that stays.',
        mimeType: 'text/plain',
        read: async () => 'This is the content of the static text resource.',
      },
      {
        name: 'watched',
        uri: 'test://watched-resource',
        title: 'Watched',
        description: 'Can be followed.',
        mimeType: 'text/plain',
        read: async () => 'Watched.',
      },
    ],
    resourceTemplates: [
      {
        name: 'template',
        uriTemplate: 'test://template/{id}/data',
        title: 'By id',
        description: 'Data of an id.',
        mimeType: 'application/json',
        list: async () => [],
        read: async ({ id }) => JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
      },
    ],
    feed: { mayFollow: async (uri) => uri === 'test://watched-resource', follow: async () => () => undefined },
    contextFor: () => null,
    // A state that comes back is looked at before any handler sees it.
    sdk: { requestState: { verify: opened } },
    log: silentLog,
  });
  const make = (request: McpRequestContext): McpServer => {
    const server = kit(request);
    server.server.registerCapabilities({ logging: {}, completions: {} });
    addContents(server);
    addNotices(server);
    addQuestions(server);
    addInputRequired(server);
    addPromptsAndResources(server);
    return server;
  };
  return Object.assign(make, { updates: kit.updates, followed: kit.followed });
}

function addContents(server: McpServer): void {
  const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const;
  const add = (name: string, content: CallToolResult['content']) =>
    server.registerTool(name, { description: name, inputSchema: nothing }, async () => ({ content }));
  add('test_image_content', [image]);
  add('test_audio_content', [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]);
  const embedded = {
    uri: 'test://embedded-resource',
    mimeType: 'text/plain',
    text: 'This is an embedded resource content.',
  };
  add('test_embedded_resource', [{ type: 'resource', resource: embedded }]);
  const mixed = {
    uri: 'test://mixed-content-resource',
    mimeType: 'application/json',
    text: '{"test":"data","value":123}',
  };
  add('test_multiple_content_types', [
    { type: 'text', text: 'Multiple content types test:' },
    image,
    { type: 'resource', resource: mixed },
  ]);
  server.registerTool('test_error_handling', { description: 'Fails.', inputSchema: nothing }, async () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
}

function addNotices(server: McpServer): void {
  server.registerTool(
    'test_logging_tool',
    { description: 'Logs where it is asked to.', inputSchema: nothing },
    async (_args, ctx) => {
      const envelope: Readonly<Record<string, unknown>> = { ...ctx.mcpReq.envelope };
      if (envelope[LOG_LEVEL_META_KEY] !== undefined) {
        await ctx.mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data: 'Logged.' } });
      }
      return text('Done.');
    },
  );
  server.registerTool('test_tool_with_logging', { description: 'Logs.', inputSchema: nothing }, async (_args, ctx) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await ctx.mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      await pause();
    }
    return text('Logged.');
  });
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Progresses.', inputSchema: nothing },
    async (_args, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress, total: 100 },
          });
        }
        await pause();
      }
      return text('Done.');
    },
  );
}

/** Questions to a client of the 2025 era, in the middle of a call. */
function addQuestions(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model.', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, ctx) => {
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
      const answer = await ctx.mcpReq.send({ method: 'sampling/createMessage', params: { messages, maxTokens: 100 } });
      return text(`LLM response: ${JSON.stringify(answer.content)}`);
    },
  );
  const user = {
    type: 'object' as const,
    properties: { username: { type: 'string' as const }, email: { type: 'string' as const } },
    required: ['username', 'email'],
  };
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user.', inputSchema: z.object({ message: z.string() }) },
    async ({ message }, ctx) => text(`User response: ${await asked(ctx, message, user)}`),
  );
  const form = (name: string, properties: Record<string, unknown>) =>
    server.registerTool(name, { description: name, inputSchema: nothing }, async (_args, ctx) =>
      text(
        `Elicitation completed: ${await asked(ctx, 'Please fill in.', { type: 'object', properties, required: [] })}`,
      ),
    );
  form('test_elicitation_sep1034_defaults', {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  });
  const titled = [1, 2, 3].map((at) => ({ const: `value${at}`, title: `Option ${at}` }));
  const options = ['option1', 'option2', 'option3'];
  form('test_elicitation_sep1330_enums', {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled } },
  });
}

async function asked(ctx: ServerContext, message: string, requestedSchema: unknown): Promise<string> {
  // The suite wants every shape of schema there ever was; the type knows today's.
  const params = { mode: 'form', message, requestedSchema } as never;
  const { action, content } = await ctx.mcpReq.send({ method: 'elicitation/create', params });
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}

const named = z.object({ name: z.string() });
const askName = (message: string) => inputRequired.elicit({ message, requestedSchema: named });
const askModel = (words: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens });

/** Questions of the 2026-07-28 era: the call ends with them, and comes again with the answers. */
function addInputRequired(server: McpServer): void {
  const add = (name: string, handle: (ctx: ServerContext) => CallToolResult | ReturnType<typeof inputRequired>) =>
    server.registerTool(name, { description: name, inputSchema: nothing }, async (_args, ctx) => handle(ctx));
  add('test_input_required_result_elicitation', ({ mcpReq }) => {
    const got = acceptedContent(mcpReq.inputResponses, 'user_name', named);
    return got
      ? text(`Hello, ${got.name}!`)
      : inputRequired({ inputRequests: { user_name: askName('What is your name?') } });
  });
  add('test_input_required_result_sampling', ({ mcpReq }) => {
    const got = inputResponse(mcpReq.inputResponses, 'capital_question');
    if (got.kind === 'sampling') return text(JSON.stringify(got.result.content));
    return inputRequired({ inputRequests: { capital_question: askModel('What is the capital of France?', 100) } });
  });
  add('test_input_required_result_list_roots', ({ mcpReq }) => {
    const got = inputResponse(mcpReq.inputResponses, 'client_roots');
    if (got.kind === 'roots') return text(JSON.stringify(got.roots));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  const confirmed = z.object({ ok: z.boolean() });
  const confirming = () => inputRequired.elicit({ message: 'Please confirm', requestedSchema: confirmed });
  for (const name of ['test_input_required_result_request_state', 'test_input_required_result_tampered_state']) {
    add(name, ({ mcpReq }) => {
      const state = mcpReq.requestState<string>();
      if (state !== undefined && acceptedContent(mcpReq.inputResponses, 'confirm', confirmed)) return text('state-ok');
      return inputRequired({ inputRequests: { confirm: confirming() }, requestState: sealed('asked') });
    });
  }
  add('test_input_required_result_multiple_inputs', ({ mcpReq }) => {
    const keys = ['user_name', 'greeting', 'client_roots'];
    if (
      mcpReq.requestState<string>() !== undefined &&
      keys.every((key) => mcpReq.inputResponses?.[key] !== undefined)
    ) {
      return text('All three came.');
    }
    return inputRequired({
      inputRequests: {
        user_name: askName('What is your name?'),
        greeting: askModel('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: sealed('asked'),
    });
  });
  add('test_input_required_result_multi_round', ({ mcpReq }) => {
    const state = mcpReq.requestState<string>();
    const color = z.object({ color: z.string() });
    if (state === 'two' && acceptedContent(mcpReq.inputResponses, 'step2', color)) return text('Both rounds are done.');
    if (state === 'one' && acceptedContent(mcpReq.inputResponses, 'step1', named)) {
      const step2 = inputRequired.elicit({ message: 'Step 2: What is your favorite color?', requestedSchema: color });
      return inputRequired({ inputRequests: { step2 }, requestState: sealed('two') });
    }
    const step1 = askName('Step 1: What is your name?');
    return inputRequired({ inputRequests: { step1 }, requestState: sealed('one') });
  });
  add('test_missing_capability', () => inputRequired({ inputRequests: { greeting: askModel('Greet.', 10) } }));
  add('test_streaming_elicitation', ({ mcpReq }) => {
    const got = acceptedContent(mcpReq.inputResponses, 'user_name', named);
    return got ? text(got.name) : inputRequired({ inputRequests: { user_name: askName('What is your name?') } });
  });
  add('test_input_required_result_capabilities', ({ mcpReq }) => {
    if (Object.keys(mcpReq.inputResponses ?? {}).length > 0) return text('Answered.');
    const declared = JSON.stringify(mcpReq.envelope ?? {});
    return inputRequired({
      inputRequests: {
        ...(declared.includes('"elicitation"') ? { user_name: askName('What is your name?') } : {}),
        ...(declared.includes('"sampling"') ? { greeting: askModel('Generate a greeting', 50) } : {}),
      },
      requestState: sealed('asked'),
    });
  });
}

function addPromptsAndResources(server: McpServer): void {
  const said = (content: { type: 'text'; text: string } | { type: 'image'; data: string; mimeType: string }) => ({
    role: 'user' as const,
    content,
  });
  const one = (words: string[]) => completable(z.string(), (begun) => words.filter((word) => word.startsWith(begun)));
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Two arguments.',
      argsSchema: z.object({ arg1: one(['paris', 'park', 'party']), arg2: z.string() }),
    },
    async ({ arg1, arg2 }) => ({
      messages: [said({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
    }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Embeds.', argsSchema: z.object({ resourceUri: z.string() }) },
    async ({ resourceUri }) => {
      const resource = { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' };
      return {
        messages: [
          { role: 'user', content: { type: 'resource', resource } },
          said({ type: 'text', text: 'Please process the embedded resource above.' }),
        ],
      };
    },
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Shows.' }, async () => ({
    messages: [
      said({ type: 'image', data: PNG, mimeType: 'image/png' }),
      said({ type: 'text', text: 'Please analyze the image above.' }),
    ],
  }));
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first.' }, async (ctx) => {
    const context = z.object({ context: z.string() });
    const got = acceptedContent(ctx.mcpReq.inputResponses, 'user_context', context);
    if (got) return { messages: [said({ type: 'text', text: `With ${got.context}.` })] };
    const user_context = inputRequired.elicit({
      message: 'What context should the prompt use?',
      requestedSchema: context,
    });
    return inputRequired({ inputRequests: { user_context } });
  });
  server.registerResource('static-binary', 'test://static-binary', { mimeType: 'image/png' }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: PNG }],
  }));
}

const key = randomBytes(32);
const mac = (words: string): string => createHmac('sha256', key).update(words).digest('hex');
const sealed = (words: string): string => `${words}.${mac(words)}`;

/** What was sealed. @throws ProtocolError where it is not ours */
function opened(state: string): string {
  const [words = '', seal = ''] = state.split('.');
  const [a, b] = [Buffer.from(seal), Buffer.from(mac(words))];
  if (a.length === b.length && timingSafeEqual(a, b)) return words;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'the request state is not one of ours');
}
