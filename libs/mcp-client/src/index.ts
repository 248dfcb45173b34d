export { classify, requireOk, statusOf } from './answer.js';
export type {
  CallInterceptor,
  CallJournalEntry,
  GatewayOptions,
  InterceptedCall,
  ServerOptions,
  ServerTransport,
  ToolAnswer,
  ToolCall,
} from './gateway-types.js';
export { McpGateway } from './mcp-gateway.js';
export { loadPins, PIN_NAMES, type PinName, type Pins } from './pins.js';
export { closeSchema, compileArgumentCheck, type JsonSchema, schemaDigest } from './strict-schema.js';
