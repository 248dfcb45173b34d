import { RUN_STATES, WAIT_REASONS } from '@planwarden/contracts';
import type { RunStore } from '@planwarden/runs';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const METHODS = new Set(['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS']);

/** What /metrics tells. Every label comes from a closed list: nothing from outside gets in. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #toolCalls: Counter<'tool' | 'outcome'>;
  readonly #requests: Histogram<'method' | 'status'>;
  readonly #webhooks: Counter<'outcome'>;

  constructor(runs: Pick<RunStore, 'openCounts'>) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#toolCalls = new Counter({
      name: 'planwarden_mcp_tool_calls_total',
      help: 'Calls of MCP tools, by tool and outcome (ok, refused, failed).',
      labelNames: ['tool', 'outcome'],
      registers,
    });
    this.#requests = new Histogram({
      name: 'planwarden_http_request_duration_seconds',
      help: 'Requests answered, by method and class of status.',
      labelNames: ['method', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    });
    this.#webhooks = new Counter({
      name: 'planwarden_webhooks_total',
      help: 'Deliveries of GitHub, by outcome (taken, duplicate, refused, limited).',
      labelNames: ['outcome'],
      registers,
    });
    // Both are read when they are asked for.
    new Gauge({
      name: 'planwarden_open_runs',
      help: 'Runs that have not ended, by state.',
      labelNames: ['state'],
      registers,
      async collect() {
        const counts = await runs.openCounts();
        for (const state of RUN_STATES) this.set({ state }, sum(counts.filter((one) => one.state === state)));
      },
    });
    new Gauge({
      name: 'planwarden_waiting_runs',
      help: 'Runs that are parked, by reason.',
      labelNames: ['reason'],
      registers,
      async collect() {
        const counts = await runs.openCounts();
        for (const reason of WAIT_REASONS) this.set({ reason }, sum(counts.filter((one) => one.wait === reason)));
      },
    });
  }

  /** @param tool a name of ours */
  toolCalled(tool: string, outcome: 'ok' | 'refused' | 'failed'): void {
    this.#toolCalls.inc({ tool, outcome });
  }

  webhookCame(outcome: 'taken' | 'duplicate' | 'refused' | 'limited'): void {
    this.#webhooks.inc({ outcome });
  }

  answered(method: string, status: number, seconds: number): void {
    const known = METHODS.has(method) ? method : 'other';
    this.#requests.observe({ method: known, status: `${Math.floor(status / 100)}xx` }, seconds);
  }

  /** In the text format of Prometheus, with its content type. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

const sum = (counts: readonly { readonly count: number }[]): number =>
  counts.reduce((total, { count }) => total + count, 0);
