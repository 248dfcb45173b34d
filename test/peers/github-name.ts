import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The name under which the official server asks for GitHub. It must not be loopback: Go never proxies that. */
export const GITHUB_NAME = 'http://github.test';

/** A plain HTTP proxy that answers to that one name, and notes what was asked. */
export interface GitHubName {
  readonly proxyUrl: string;
  /** `METHOD /path`, in order. */
  readonly asked: readonly string[];
  /** Where requests go from now on. */
  pointAt(upstream: string): void;
  close(): Promise<void>;
}

/**
 * The official server drops the port of `--gh-host`, so it cannot be pointed at a port of loopback: it gets a name and
 * this proxy. Every other name is refused, so nothing leaves the machine.
 */
export async function startGitHubName(): Promise<GitHubName> {
  const asked: string[] = [];
  let upstream: URL | undefined;
  const server = createServer((incoming, answer) => {
    const wanted = new URL(incoming.url ?? '/', 'http://nobody.test');
    // Subdomains are how an enterprise server may serve raw files; this one does not, so the ping must fail.
    if (wanted.origin !== GITHUB_NAME || !upstream) {
      answer.writeHead(wanted.hostname === 'raw.github.test' ? 404 : 403).end();
      return;
    }
    asked.push(`${incoming.method} ${wanted.pathname}`);
    const passed = request(
      {
        host: upstream.hostname,
        port: upstream.port,
        method: incoming.method,
        path: `${wanted.pathname}${wanted.search}`,
        headers: { ...incoming.headers, host: upstream.host },
      },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(answer);
      },
    );
    passed.once('error', () => answer.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    proxyUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    pointAt: (url) => {
      upstream = new URL(url);
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
