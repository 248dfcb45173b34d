export { createHttpHandler, type HttpHandler, type HttpHandlerOptions, hostAndOriginGuard } from './http-handler.js';
export {
  createMcpServer,
  type McpServerOptions,
  type PromptDefinition,
  type ResourceDefinition,
  type ResourceTemplateDefinition,
  type ServerFactory,
} from './mcp-server.js';
export type { ResourceChange, ResourceFeed } from './resource-updates.js';
export { serveStdio } from './stdio.js';
export { TASKS_EXTENSION, type TaskSource, type TaskView } from './tasks.js';
export {
  defineTool,
  errorResult,
  errorText,
  type Tool,
  type ToolOptions,
  type ToolReply,
  toErrorBody,
} from './tool-definition.js';
