export { createHttpHandler, type HttpHandler, type HttpHandlerOptions, hostAndOriginGuard } from './http-handler.js';
export {
  createMcpServer,
  type McpServerOptions,
  type PromptDefinition,
  type ResourceDefinition,
  type ResourceTemplateDefinition,
  type ServerFactory,
} from './mcp-server.js';
export { serveStdio } from './stdio.js';
export {
  defineTool,
  errorResult,
  type Tool,
  type ToolOptions,
  type ToolReply,
  toErrorBody,
} from './tool-definition.js';
