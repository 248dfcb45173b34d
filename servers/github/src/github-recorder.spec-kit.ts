import { createServer } from 'node:http';

export interface RecordedRequest {
  readonly method: string;
  /** Decoded, without query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

type Answer = { readonly status: number; readonly body: unknown };
type Route = (request: RecordedRequest) => Answer;

export interface GitHubRecorder {
  readonly baseUrl: string;
  readonly seen: RecordedRequest[];
  /** `on('GET /repos/acme/infra/git/ref/heads/main', () => ok({...}))`; what is not listed is 404. */
  on(route: string, answer: Route): void;
  close(): Promise<void>;
}

export const ok = (body: unknown, status = 200): Answer => ({ status, body });

/** Stands for GitHub: answers what a test lists and remembers what was asked. */
export async function startGitHubRecorder(): Promise<GitHubRecorder> {
  const routes = new Map<string, Route>();
  const seen: RecordedRequest[] = [];
  const http = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const url = new URL(req.url ?? '/', 'http://x');
      const text = Buffer.concat(chunks).toString('utf8');
      const request: RecordedRequest = {
        method: req.method ?? '',
        path: decodeURIComponent(url.pathname),
        query: Object.fromEntries(url.searchParams),
        authorization: req.headers.authorization,
        body: text === '' ? undefined : JSON.parse(text),
      };
      seen.push(request);
      const route = routes.get(`${request.method} ${request.path}`);
      const { status, body } = route?.(request) ?? { status: 404, body: { message: 'Not Found' } };
      const isText = typeof body === 'string';
      res.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json; charset=utf-8' });
      res.end(isText ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    seen,
    on: (route, answer) => {
      routes.set(route, answer);
    },
    close: async () => {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
