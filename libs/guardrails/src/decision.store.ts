import { type Decision, decisionSchema, PlanwardenError } from '@planwarden/contracts';
import { type Migration, runMigrations, withTransaction } from '@planwarden/database';
import { redactJson } from '@planwarden/redaction';
import type { RuleInfo } from './bundle.js';

/** The pool of libs/database, named here by what is used of it. */
type Pool = Parameters<typeof withTransaction>[0];

/** A recorded evaluation with the rules that made its findings, for explain_decision. */
export interface Explanation {
  readonly decision: Decision;
  /** The input as recorded: without secrets. */
  readonly input: unknown;
  /** Rules that found something, in the order of the findings; unknown to this bundle: left out. */
  readonly rules: readonly RuleInfo[];
}

const MIGRATIONS: readonly Migration[] = [
  {
    name: '0001-decisions',
    sql: `
      CREATE TABLE decisions (
        id text PRIMARY KEY,
        run text,
        round integer,
        step text,
        phase text NOT NULL,
        allow boolean NOT NULL,
        digest text NOT NULL,
        decision jsonb NOT NULL,
        input jsonb NOT NULL,
        seq bigint GENERATED ALWAYS AS IDENTITY,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX decisions_by_run ON decisions (run, seq);
      CREATE FUNCTION decisions_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'decisions are append-only'; END $$;
      CREATE TRIGGER decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decisions
        FOR EACH STATEMENT EXECUTE FUNCTION decisions_append_only();`,
  },
];

/** Every decision ever made, append-only: the table itself refuses a change. */
export class DecisionStore {
  private constructor(
    private readonly pool: Pool,
    private readonly rules: readonly RuleInfo[],
  ) {}

  /** Brings the table up to date. `rules` are those of the loaded bundle. */
  static async open(pool: Pool, rules: readonly RuleInfo[]): Promise<DecisionStore> {
    await runMigrations(pool, 'guardrails', MIGRATIONS);
    return new DecisionStore(pool, rules);
  }

  /** Keeps a decision with its input, secrets redacted. The same decision again changes nothing. */
  async record(decision: Decision, input: unknown): Promise<void> {
    await withTransaction(this.pool, (client) =>
      client.query(
        `INSERT INTO decisions (id, run, round, step, phase, allow, digest, decision, input)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
        [
          decision.id,
          decision.run,
          decision.round,
          decision.step,
          decision.phase,
          decision.allow,
          decision.digest,
          json(decision),
          json(redactJson(input)),
        ],
      ),
    );
  }

  /** @throws PlanwardenError DECISION_UNKNOWN */
  async get(id: string): Promise<Decision> {
    return (await this.row(id)).decision;
  }

  /** All decisions of a run, oldest first. */
  async listForRun(run: string): Promise<Decision[]> {
    const { rows } = await this.pool.query<{ decision: unknown }>(
      'SELECT decision FROM decisions WHERE run = $1 ORDER BY seq',
      [run],
    );
    return rows.map((row) => decisionSchema.parse(row.decision));
  }

  /**
   * What was decided, on which input, by which rules: from the record, never by asking again.
   * @throws PlanwardenError DECISION_UNKNOWN
   */
  async explain(id: string): Promise<Explanation> {
    const { decision, input } = await this.row(id);
    const found = new Set(decision.findings.map((finding) => finding.rule));
    const rules = [...found].flatMap((rule) => this.rules.find((known) => known.id === rule) ?? []);
    return { decision, input, rules };
  }

  private async row(id: string): Promise<{ decision: Decision; input: unknown }> {
    const { rows } = await this.pool.query<{ decision: unknown; input: unknown }>(
      'SELECT decision, input FROM decisions WHERE id = $1',
      [id],
    );
    const row = rows[0];
    if (row === undefined) {
      throw new PlanwardenError('DECISION_UNKNOWN', 'there is no decision with this id', {
        where: { field: 'id' },
        remedy: 'Take the id from a run; get_run lists the decisions of a run.',
      });
    }
    return { decision: decisionSchema.parse(row.decision), input: row.input };
  }
}

/** jsonb cannot hold U+0000, which an outside text may carry. */
function json(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll('\\u0000', '\\ufffd');
}
