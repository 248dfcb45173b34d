import {
  type KubeObject,
  type SandboxKubernetes,
  type SandboxKubernetesOptions,
  startSandboxKubernetes,
} from './index.js';
import { isRecord, type Json, record } from './json.js';

const APPLY = 'application/apply-patch+yaml';

/** Tokens as the demo hands them out, and one user that may do nothing. */
export const TOKENS: SandboxKubernetesOptions['tokens'] = [
  { token: 'admin-token', user: 'admin', groups: ['system:masters'] },
  { token: 'read-token', user: 'reader', permissions: [{ verbs: ['get', 'list', 'watch'], resources: ['*'] }] },
  {
    token: 'dry-token',
    user: 'dry-runner',
    permissions: [{ verbs: ['get', 'create', 'patch'], resources: ['*'], dryRunOnly: true }],
  },
  {
    token: 'argocd-token',
    user: 'argocd',
    permissions: [
      { verbs: ['*'], resources: ['*'], namespaces: ['argocd', 'web'] },
      { verbs: ['get', 'list', 'create', 'patch'], resources: ['namespaces'] },
    ],
  },
  { token: 'powerless-token', user: 'powerless' },
];

const started: SandboxKubernetes[] = [];

export async function start(options: Partial<SandboxKubernetesOptions> = {}): Promise<SandboxKubernetes> {
  const sandbox = await startSandboxKubernetes({ tokens: TOKENS, ...options });
  started.push(sandbox);
  return sandbox;
}

export async function stopAll(): Promise<void> {
  for (const sandbox of started.splice(0)) await sandbox.stop();
}

export interface Answer {
  readonly code: number;
  readonly body: Json;
}

/** One request with a bearer token, as any HTTP client would make it. */
export async function call(
  sandbox: SandboxKubernetes,
  method: string,
  path: string,
  options: { body?: unknown; user?: string; type?: string } = {},
): Promise<Answer> {
  const token = TOKENS.find(({ user }) => user === (options.user ?? 'admin'))?.token ?? 'unknown';
  const response = await fetch(`${sandbox.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': options.type ?? 'application/json' },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const body: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  return { code: response.status, body: record(body) };
}

/** Server-side apply by path. */
export const apply = (
  sandbox: SandboxKubernetes,
  path: string,
  body: unknown,
  query: string,
  user = 'admin',
): Promise<Answer> => call(sandbox, 'PATCH', `${path}?${query}`, { body, user, type: APPLY });

export const deployment = (replicas: number, image = 'nginx:1.29.0', namespace = 'web'): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'nginx', namespace },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'nginx' } },
    template: {
      metadata: { labels: { app: 'nginx' } },
      spec: { containers: [{ name: 'nginx', image, ports: [{ containerPort: 8080 }] }] },
    },
  },
});

export const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
export const configMap = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

/** Items of a list answer. */
export const itemsOf = (answer: Answer): Json[] =>
  Array.isArray(answer.body.items) ? answer.body.items.filter(isRecord) : [];
