#!/usr/bin/env node
import { isPlanwardenError, type Log } from '@planwarden/contracts';
import { serveStdio } from '@planwarden/mcp-server-kit';
import { redactJson } from '@planwarden/redaction';
import { readConfig } from './config.js';
import { createGitHubMcpServer } from './github-mcp-server.js';
import { startHttpServer } from './http-server.js';

/** Lines of JSON on stderr: stdout belongs to the protocol. */
const line =
  (level: string) =>
  (fields: object, message: string): void => {
    process.stderr.write(`${JSON.stringify({ level, message, ...redactJson(fields) })}\n`);
  };
const log: Log = { debug: () => undefined, info: line('info'), warn: line('warn'), error: line('error') };

async function main(): Promise<void> {
  const { baseUrl, token, http } = readConfig();
  const server = createGitHubMcpServer({ baseUrl, token, log });
  const serving = http ? await startHttpServer({ server, ...http, log }) : serveStdio(server, log);
  if ('url' in serving) log.info({ url: serving.url }, 'listening');
  const stop = (): void => {
    void serving.close().finally(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  const { code, message, remedy } = isPlanwardenError(error)
    ? error.toBody()
    : { code: 'INTERNAL', message: 'The server could not start.', remedy: 'Report it with the arguments used.' };
  log.error({ code, remedy }, message);
  process.exitCode = 1;
});
