import { createHash } from 'node:crypto';
import { type Log, runIdPattern } from '@planwarden/contracts';
import { type Migration, runMigrations } from '@planwarden/database';
import type { Bell, RunStore } from '@planwarden/runs';
import type pg from 'pg';
import type { Metrics } from './metrics.js';

const migrations: readonly Migration[] = [
  {
    name: '0001-webhook-deliveries',
    sql: `
      CREATE TABLE webhook_deliveries (
        digest bytea PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (at);`,
  },
];

export async function migrateWebhooks(pool: pg.Pool): Promise<void> {
  await runMigrations(pool, 'webhooks', migrations);
}

/** Deliveries taken and not yet rung for; more are let go: the poll finds what they were about. */
const MOST_PENDING = 500;
const WORKFLOW = /^Planwarden (?:plan|apply) (run_[0-9a-f]+)\/\d+$/;
const BRANCH = /^(?:refs\/heads\/)?planwarden\/(run_[0-9a-f]+)$/;

interface Parts {
  readonly pool: pg.Pool;
  readonly runs: Pick<RunStore, 'awaitingApproval' | 'wake'>;
  readonly bell: Pick<Bell, 'ring'>;
  readonly metrics: Pick<Metrics, 'webhookCame'>;
  readonly log: Log;
}

/** Deliveries whose signature held: each body rings once, however often it is sent. */
export class WebhookDeliveries {
  #pending = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(private readonly parts: Parts) {}

  /** Takes a delivery and returns at once; the bells ring afterwards, one delivery at a time. */
  take(body: Buffer): void {
    const { metrics, log } = this.parts;
    if (this.#pending >= MOST_PENDING) {
      metrics.webhookCame('limited');
      return;
    }
    this.#pending += 1;
    this.#tail = this.#tail
      .then(() => this.#ring(body))
      .catch((error: unknown) => log.warn({ err: error }, 'a webhook rang no bell; the poll finds what it was about'))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  /** Resolves when everything taken so far has rung. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  async #ring(body: Buffer): Promise<void> {
    const { runs, bell, metrics } = this.parts;
    if (!(await this.#isNew(body))) return metrics.webhookCame('duplicate');
    const payload = parsed(body);
    for (const run of isAboutWorkflow(payload) ? workflowRunOf(payload) : await this.#waiting(payload)) {
      await runs.wake(run);
      await bell.ring(run);
    }
    metrics.webhookCame('taken');
  }

  async #waiting(payload: unknown): Promise<readonly string[]> {
    const waiting = await this.parts.runs.awaitingApproval();
    const named = runOf(payload);
    // A run that is still on its way to people looks by itself when it gets there.
    return named === null ? waiting : waiting.filter((run) => run === named);
  }

  async #isNew(body: Buffer): Promise<boolean> {
    const { pool } = this.parts;
    await pool.query(`DELETE FROM webhook_deliveries WHERE at < clock_timestamp() - interval '1 day'`);
    const digest = createHash('sha256').update(body).digest();
    const added = await pool.query('INSERT INTO webhook_deliveries (digest) VALUES ($1) ON CONFLICT DO NOTHING', [
      digest,
    ]);
    return added.rowCount === 1;
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

const isAboutWorkflow = (payload: unknown): boolean =>
  at(payload, 'workflow_run') !== undefined || at(payload, 'workflow_job') !== undefined;

/** The run that a workflow run is for, by the name we gave it: nobody else waits for it. */
function workflowRunOf(payload: unknown): string[] {
  const title = at(payload, 'workflow_run', 'display_title');
  const run = typeof title === 'string' ? WORKFLOW.exec(title)?.[1] : undefined;
  return run !== undefined && runIdPattern.test(run) ? [run] : [];
}

/** The run whose branch a delivery names; null: it may be about any. Only who looks first depends on it. */
function runOf(payload: unknown): string | null {
  const branches = [
    at(payload, 'pull_request', 'head', 'ref'),
    at(payload, 'check_run', 'check_suite', 'head_branch'),
    at(payload, 'ref'),
  ];
  for (const branch of branches) {
    const run = typeof branch === 'string' ? BRANCH.exec(branch)?.[1] : undefined;
    if (run !== undefined && runIdPattern.test(run)) return run;
  }
  return null;
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined),
    value,
  );
}
