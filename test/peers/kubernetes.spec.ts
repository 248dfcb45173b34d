import http from 'node:http';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type SandboxKubernetes, startSandboxKubernetes } from '@planwarden/sandbox-kubernetes';
import type { Json } from '../e2e/world.js';
import { APPLICATION_KIND, type Kubebox, startKubebox } from './kubebox.js';
import { type Ask, TALKS } from './kubernetes-talks.js';

/** An API server under talk. */
interface Side {
  readonly url: string;
  readonly ca?: string;
  readonly admin: string;
  readonly powerless: string;
}
interface Answer {
  readonly code: number;
  readonly body: Json;
}

let box: Kubebox;
let sandbox: SandboxKubernetes;
let sides: readonly [Side, Side];

beforeAll(async () => {
  box = await startKubebox();
  await box.apply([APPLICATION_KIND, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } }]);
  sandbox = await startSandboxKubernetes({
    tokens: [
      { token: 'admin-token', user: 'kubebox-admin', groups: ['system:masters'] },
      { token: 'powerless-token', user: 'agent', groups: ['agents'] },
    ],
  });
  sides = [
    { url: box.url, ca: box.certificateAuthority, admin: box.adminToken, powerless: box.powerlessToken },
    { url: sandbox.url, admin: 'admin-token', powerless: 'powerless-token' },
  ];
}, 1_200_000);
afterAll(async () => {
  await sandbox?.stop();
  await box?.stop();
});

function send(side: Side, ask: Ask): Promise<Answer> {
  const { request } = side.ca === undefined ? http : https;
  const options = {
    method: ask.method,
    headers: {
      authorization: `Bearer ${ask.as === 'powerless' ? side.powerless : side.admin}`,
      accept: 'application/json',
      ...(ask.body === undefined ? {} : { 'content-type': ask.type ?? 'application/json' }),
    },
    ...(side.ca === undefined ? {} : { ca: side.ca }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${side.url}${ask.path}`, options, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const body = text.startsWith('{') ? (JSON.parse(text) as Json) : { text: text.trim() };
        resolve({ code: answer.statusCode ?? 0, body });
      });
    });
    sent.on('error', reject);
    sent.end(ask.body === undefined ? undefined : JSON.stringify(ask.body));
  });
}

async function ask(side: Side, one: Ask): Promise<Answer> {
  for (;;) {
    const answer = await send(side, one);
    if (one.until === undefined || one.until(answer.body)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What each server makes up for itself. */
const OWN =
  /^(uid|resourceVersion|creationTimestamp|time|clusterIPs?|lastUpdateTime|lastTransitionTime|lastProbeTime)$/;

/**
 * A roll-out that has not ended: a real server says that the replica set was made, or that it has been updated since, as
 * its controller happens to look, and may stay at either.
 */
const isUnderWay = (value: unknown): value is Json =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  value.type === 'Progressing' &&
  'reason' in value &&
  ['NewReplicaSetCreated', 'ReplicaSetUpdated'].includes(String(value.reason));
const timesOf = (condition: Json): Json =>
  Object.fromEntries(Object.keys(condition).flatMap((key) => (OWN.test(key) ? [[key, 'string']] : [])));

/**
 * An answer without what two real servers would answer differently too, and without the owners of plain updates: nothing
 * here reads those (owners by server-side apply are compared).
 */
function comparable({ code, body }: Answer): { code: number; body: unknown } {
  const walk = (value: unknown, key: string): unknown => {
    if (OWN.test(key)) return typeof value;
    if (key === 'managedFields' && Array.isArray(value)) return applied(value).map((item) => walk(item, ''));
    if (Array.isArray(value)) return value.map((item) => walk(item, ''));
    if (isUnderWay(value)) return { ...value, reason: 'under way', message: 'under way', ...timesOf(value) };
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
    // The hash of a pod template is each server's own.
    return typeof value === 'string' ? value.replace(/(ReplicaSet "nginx)-[a-z0-9]+"/, '$1-hash"') : value;
  };
  return { code, body: walk(body, '') };
}

const applied = (entries: readonly Json[]): Json[] =>
  entries
    .filter(({ operation }) => operation === 'Apply')
    .sort((a, b) => (String(a.manager) < String(b.manager) ? -1 : 1));

describe.each(Object.entries(TALKS))('%s', (_, talk) => {
  test('are answered by the sandbox as by a real API server', async () => {
    const [real, ours] = sides;
    const wanted: unknown[] = [];
    const seen: unknown[] = [];
    for (const one of talk) {
      wanted.push({ what: one.what, ...comparable(await ask(real, one)) });
      seen.push({ what: one.what, ...comparable(await ask(ours, one)) });
    }
    expect(seen).toEqual(wanted);
  });
});
