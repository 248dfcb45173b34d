import { homedir, tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TOOL_NAMES } from '@planwarden/contracts';
import pg from 'pg';
import { DOOR_ROWS, FILE_ROWS, MCP_ROWS, PLANTED, REST_ROWS, type Row, SESSION_ROUTES } from './bad-input.rows.js';
import { type Answer, http, type Stage, signedIn } from './bad-input.sending.js';
import { hasEnded, type Json, NGINX, startWorld, type World, waitsForApproval } from './world.js';

describe('bad input', () => {
  const KINDS = [
    ...['Namespace', 'Pod', 'Service', 'ConfigMap', 'Secret', 'ServiceAccount'].map((kind) => ['v1', kind] as const),
    ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map((kind) => ['apps/v1', kind] as const),
    ['networking.k8s.io/v1', 'NetworkPolicy'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
    ['argoproj.io/v1alpha1', 'Application'],
    ['argoproj.io/v1alpha1', 'AppProject'],
  ] as const;

  /** Everything a bad input could have changed. */
  async function outsideOf({ at, call }: World) {
    const { data } = await call('list_runs', { limit: 100 });
    return {
      effects: at.github.control.countEffects(),
      cluster: KINDS.flatMap(([version, kind]) =>
        at.kubernetes.control
          .list(version, kind)
          .map(({ metadata, spec, data: content }) => [kind, metadata.namespace, metadata.name, spec, content]),
      ),
      runs: (data.runs as { id: string; state: string; round: number }[]).map(({ id, state, round }) => [
        id,
        state,
        round,
      ]),
    };
  }

  let world: World;
  let stage: Stage;
  let before: Awaited<ReturnType<typeof outsideOf>>;
  const answers: [row: string, answer: Answer][] = [];

  beforeAll(async () => {
    world = await startWorld();
    const { link: spentLink, ...owner } = await signedIn(world, 'owner');
    const reviewer = await signedIn(world, 'reviewer');
    // These two begin by design: one that awaits approval, one that policy refused before anything was opened.
    const waiting = await world.propose();
    const refused = await world.call('propose_change', {
      target: 'staging',
      title: 'A pod of the host',
      files: [{ path: 'shop/pod.yaml', content: PRIVILEGED }],
    });
    const ended = String(refused.data.run);
    const seen = await world.until(waiting, waitsForApproval);
    const { run, findings } = await world.until(ended, hasEnded);
    expect(run).toMatchObject({ state: 'policy_failed', outcome: { code: 'POLICY_DENIED' } });
    expect(findings).toContainEqual(
      expect.objectContaining({ rule: 'privileged-container', file: 'environments/staging/shop/pod.yaml', line: 10 }),
    );
    stage = { world, owner, reviewer, waiting, ended, spentLink, subject: seen.approval?.subjectDigest ?? '' };
    before = await outsideOf(world);
  });
  afterAll(async () => {
    await world.stop();
  });

  const PRIVILEGED = `apiVersion: v1
kind: Pod
metadata:
  name: shop
  namespace: staging-shop
spec:
  containers:
    - name: shop
      image: shop:1.0.0
      securityContext: { privileged: true }
`;

  // gate: audience
  describe('bad input is refused with code and place', () => {
    test.each<Row>([...MCP_ROWS, ...FILE_ROWS, ...REST_ROWS, ...DOOR_ROWS])('$name', async (row) => {
      const answer = await row.send(stage);
      answers.push([row.name, answer]);
      const {
        code,
        remedy,
        where,
        details = [],
      } = answer.body as {
        code?: string;
        remedy?: string;
        where?: Json;
        details?: { where?: Json }[];
      };
      expect({ code, places: [where, ...details.map((one) => one.where)], status: answer.status }).toEqual({
        code: row.code,
        places:
          row.where === undefined ? expect.anything() : expect.arrayContaining([expect.objectContaining(row.where)]),
        status: row.status ?? expect.any(Number),
      });
      expect(remedy).toMatch(/\w.+/);
    });
  });

  describe('after all of it', () => {
    test('every tool and every route was met', async () => {
      const rows = [...MCP_ROWS, ...FILE_ROWS, ...REST_ROWS, ...DOOR_ROWS];
      expect(rows.length).toBeGreaterThanOrEqual(60);
      expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
      const { body } = await http(world, 'GET', '/api/v1/openapi.json');
      const routes = Object.entries(body.paths as Record<string, Record<string, { security: Json[] }>>).flatMap(
        ([path, methods]) =>
          Object.entries(methods)
            .filter(([, { security }]) => security.some((one) => 'session' in one))
            .map(([method]) => `${method.toUpperCase()} ${path}`),
      );
      expect(SESSION_ROUTES.map(([method, path]) => `${method} ${path}`).sort()).toEqual(routes.sort());
      expect((await world.client.listTools()).tools.map((tool) => tool.name).sort()).toEqual([...TOOL_NAMES].sort());
    });

    // gate: no-tool-approves
    test('a tool that does not exist is an error of the protocol', async () => {
      await expect(world.client.callTool({ name: 'approve_run', arguments: { run: stage.waiting } })).rejects.toThrow(
        'Tool approve_run not found',
      );
    });

    test('nothing outside was touched, no run began, and the one that waits still waits for the same vote', async () => {
      expect(await outsideOf(world)).toEqual(before);
      const { data } = await world.call('get_run', { run: stage.waiting });
      expect(data).toMatchObject({ run: { wait: { reason: 'approval' } }, approval: { subjectDigest: stage.subject } });
    });

    test('no answer tells of a stack, a folder of this machine or a secret', () => {
      const secrets = [
        ...Object.values(PLANTED),
        world.agentToken,
        world.at.secrets.operatorToken,
        world.at.secrets.webhookSecret,
        ...Object.values(world.at.secrets.people),
      ];
      for (const [row, { text }] of answers) {
        expect([row, text]).toEqual([
          row,
          expect.not.stringMatching(/\n\s*at |\\n\s*at |\.[cm]?[jt]s:\d|node_modules|file:\/\//),
        ]);
        for (const folder of [process.cwd(), tmpdir(), homedir()])
          expect([row, text.includes(`${folder}/`)]).toEqual([row, false]);
        for (const secret of secrets) expect([row, text.includes(secret)]).toEqual([row, false]);
      }
    });

    test('no planted secret lies in the database', async () => {
      const client = new pg.Client({ connectionString: world.at.connectionString });
      await client.connect();
      try {
        const { rows } = await client.query<{ name: string }>(
          "SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'",
        );
        expect(rows.length).toBeGreaterThan(5);
        for (const { name } of rows) {
          const found = await client.query(
            `SELECT 1 FROM ${name} AS t WHERE ${Object.values(PLANTED)
              .map((_, i) => `strpos(t::text, $${i + 1}) > 0`)
              .join(' OR ')}`,
            Object.values(PLANTED),
          );
          expect([name, found.rowCount]).toEqual([name, 0]);
        }
      } finally {
        await client.end();
      }
    });
  });

  test('the same table would notice an answer: a good request is answered without a code', async () => {
    const parameters = { ...NGINX, name: 'shop' };
    const { isError, data } = await world.call('check_policy', {
      target: 'staging',
      files: [
        {
          path: 'a.yaml',
          content: `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${parameters.name}, namespace: staging-shop }\n`,
        },
      ],
    });
    expect([isError, data.allow]).toEqual([false, true]);
  });
});
