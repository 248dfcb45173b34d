import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { silentLog } from '@planwarden/contracts';
import { type Embedded, type EmbeddedOptions, loadConfig, startEmbedded } from '@planwarden/orchestrator';

export type Json = Record<string, unknown>;

/** A whole installation on embedded defaults in a folder of its own, with an agent connected over MCP. */
export interface World {
  readonly at: Embedded;
  readonly url: string;
  /** The data folder. */
  readonly folder: string;
  readonly agentToken: string;
  readonly client: Client;
  /** Calls an MCP tool; the structured answer, with `isError`. */
  call(tool: string, args?: Json): Promise<{ isError: boolean; data: Json }>;
  /** Asks for nginx by template; the run id. */
  propose(parameters?: Json): Promise<string>;
  /** The run as get_run tells it, once the condition holds. */
  until(run: string, isThere: (seen: RunSeen) => boolean): Promise<RunSeen>;
  /** A signed-in person's way to REST. */
  signIn(
    person: string,
    /** `localhost`: where a browser takes passkeys. */
    host?: string,
  ): Promise<(method: string, path: string, body?: Json) => Promise<{ status: number; body: Json }>>;
  /** A person's review at the sandbox GitHub. */
  review(login: string, number: number, event: string, commit: string): Promise<number>;
  /** A person's comment on a pull request; its id. */
  comment(login: string, number: number, body: string): Promise<number>;
  stop(): Promise<void>;
}

export interface RunSeen {
  readonly run: {
    readonly id: string;
    readonly state: string;
    readonly ended: boolean;
    readonly round: number;
    readonly step: string | null;
    readonly wait: { readonly reason: string; readonly message: string } | null;
    readonly outcome: { readonly code: string; readonly message: string } | null;
  };
  readonly steps: readonly { readonly name: string; readonly state: string; readonly message: string | null }[];
  readonly findings: readonly Json[];
  readonly decisions: readonly { readonly id: string; readonly phase: string; readonly allow: boolean }[];
  readonly plan: { readonly digest: string; readonly text: string } | null;
  readonly pullRequest: {
    readonly number: number;
    readonly url: string;
    readonly branch: string;
    readonly evidenceSha: string | null;
    readonly mergeSha: string | null;
  } | null;
  readonly approval: { readonly subjectDigest: string; readonly missing: readonly string[] } | null;
  readonly review: {
    readonly pullRequest: { readonly number: number; readonly sha: string; readonly url: string } | null;
    readonly denies: boolean;
    readonly posted: {
      readonly event: string;
      readonly url: string;
      readonly onLines: number;
      readonly headSha: string;
    } | null;
    readonly notCovered: readonly string[];
  } | null;
  readonly verified: readonly string[];
  readonly summary: string | null;
}

/** planwarden.yaml with the stack `web` beside its first target. @param more lines of that target */
export const withStack = (yaml: string, ...more: readonly string[]): string => {
  const target = ['name: web', 'environment: staging', 'repository: platform/infrastructure', 'path: stacks/web'];
  const lines = [...target, 'kind: terraform', 'stack: web', ...more];
  return yaml.replace('people:', `  - ${lines.join('\n    ')}\n\npeople:`);
};

/** How long a test waits for what it expects of a run, in ms. */
const PATIENCE_MS = 240_000;
const told = ({ run, steps }: RunSeen): string =>
  JSON.stringify({ ...run, steps: steps.map(({ name, state, message }) => [name, state, message]) });
export const NGINX: Json = { name: 'nginx', image: 'nginxinc/nginx-unprivileged:1.27.3', replicas: 3 };
export const waitsForApproval = ({ run }: RunSeen): boolean => run.ended || run.wait?.reason === 'approval';
export const hasEnded = ({ run }: RunSeen): boolean => run.ended;

/**
 * @param given a folder to start again on; @param edit changes planwarden.yaml before the start
 * @param environment of the product
 */
export async function startWorld(
  test: EmbeddedOptions['test'] = {},
  given?: string,
  edit?: (yaml: string) => string,
  environment: Readonly<Record<string, string>> = {},
): Promise<World> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'planwarden-e2e-'));
  const first = loadConfig({ data: folder }, {});
  if (edit) writeFileSync(first.configFile, edit(readFileSync(first.configFile, 'utf8')));
  const config = { ...loadConfig({ data: folder }, environment), newAgentToken: first.newAgentToken };
  const at = await startEmbedded({
    config: { ...config, listen: { ...config.listen, port: 0 } },
    log: silentLog,
    onDatabaseGone: () => undefined,
    test: { durable: false, ...test },
  });
  const url = at.http.url;
  // Where it is not new, it is where the first start left it.
  const agentToken = config.newAgentToken ?? readFileSync(join(folder, 'agent-assistant.token'), 'utf8').trim();
  const client = new Client({ name: 'e2e', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${agentToken}` } },
    }),
  );
  const call: World['call'] = async (tool, args = {}) => {
    const answer = await client.callTool({ name: tool, arguments: args });
    return { isError: answer.isError === true, data: (answer.structuredContent ?? {}) as Json };
  };
  return {
    at,
    url,
    folder,
    agentToken,
    client,
    call,
    propose: async (parameters = NGINX) => {
      const { isError, data } = await call('propose_change', {
        target: 'staging',
        title: 'Run nginx',
        reason: 'The shop needs a web server.',
        template: { name: 'web-application', parameters },
      });
      if (isError) throw new Error(`propose_change: ${JSON.stringify(data)}`);
      return String(data.run);
    },
    until: async (run, isThere) => {
      const started = performance.now();
      for (;;) {
        const { isError, data } = await call('get_run', { run });
        if (isError) throw new Error(`get_run: ${JSON.stringify(data)}`);
        const seen = data as unknown as RunSeen;
        if (isThere(seen)) return seen;
        // Before Jest gives up on the test with no word of where the run stands.
        if (performance.now() - started > PATIENCE_MS)
          throw new Error(`never seen of ${run}: ${isThere}\n${told(seen)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    signIn: async (person, host = '127.0.0.1') => {
      const base = url.replace('127.0.0.1', host);
      const token = await at.app.sessions.createLink(person);
      const opened = await fetch(`${base}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      });
      const { csrfToken } = (await opened.json()) as { csrfToken: string };
      const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
      return async (method, path, body) => {
        const answer = await fetch(`${base}${path}`, {
          method,
          headers: { cookie, 'x-csrf-token': csrfToken, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Json };
      };
    },
    comment: async (login, number, body) => {
      const answer = await fetch(`${at.github.url}/repos/platform/infrastructure/issues/${number}/comments`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${at.secrets.people[login] ?? at.secrets.gitReader}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ body }),
      });
      return ((await answer.json()) as { id: number }).id;
    },
    review: async (login, number, event, commit) => {
      const answer = await fetch(`${at.github.url}/repos/platform/infrastructure/pulls/${number}/reviews`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${at.secrets.people[login] ?? at.secrets.gitReader}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ event, commit_id: commit, body: 'Looked at it.' }),
      });
      await answer.arrayBuffer();
      return answer.status;
    },
    stop: async () => {
      await client.close();
      await at.close();
      // Whatever a test did: every answer and webhook of the sandbox kept to GitHub's published contract.
      const violations = at.github.control.violations();
      if (violations > 0) throw new Error(`the sandbox GitHub broke the published contract ${violations} times`);
      if (given === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
