import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Server } from './server.js';
import { turnClock } from './turning-clock.js';

const FULL_WITHIN_MS = 60_000;
const FULL_MS = 1500;
const JUMP_MS = 5 * 60_000;
const JUMPED_BACK_MS = 1500;
const LOOKED_MS = 400;

export interface DatabaseFaultsOptions {
  readonly pool: pg.Pool;
  readonly server: Server;
  /** Works until it is done, whatever the database does meanwhile. */
  insist<T>(work: () => Promise<T>): Promise<T | undefined>;
  injected(fault: string): void;
  /** What was to happen and did not. */
  failed(what: string): void;
}

/** What may befall the database of a trial. */
export class DatabaseFaults {
  /** What goes on after a fault: a clock that is put right. */
  readonly later: Promise<unknown>[] = [];

  constructor(private readonly options: DatabaseFaultsOptions) {}

  /** Full until PostgreSQL itself has said so and the workers have met it, then empty again. */
  async fillDisk(): Promise<void> {
    const { disk } = this.options.server;
    if (disk === undefined) return;
    disk.fill();
    const until = Date.now() + FULL_WITHIN_MS;
    let code = '';
    while (!/^(53|58|57P|08|ECONN)/.test(code) && Date.now() < until) code = await this.#writeMuch();
    if (code === '') this.options.failed('the disk was filled and nothing was refused');
    else this.options.injected(`disk full: ${code}`);
    await delay(FULL_MS);
    disk.empty();
    await this.options.server.revive();
  }

  /** @returns the SQLSTATE with which it was refused */
  async #writeMuch(): Promise<string> {
    try {
      await this.options.pool.query(`CREATE TABLE IF NOT EXISTS filler (text text);
        INSERT INTO filler SELECT repeat(md5(n::text), 60) FROM generate_series(1, 500) AS n`);
      return '';
    } catch (error) {
      return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '08000';
    }
  }

  /** Ahead: leases and waits are over at once. Back: they last minutes longer, until the clock is put right. */
  async jump(does: 'jump-ahead' | 'jump-back'): Promise<void> {
    const by = does === 'jump-ahead' ? JUMP_MS : -JUMP_MS;
    await this.options.insist(() => turnClock(this.options.pool, by));
    // Whoever looks for due runs has looked, and those whose leases have run out are another's.
    await delay(LOOKED_MS);
    if (by > 0) return;
    this.later.push(
      delay(JUMPED_BACK_MS).then(() =>
        this.options.insist(() => turnClock(this.options.pool, JUMP_MS + JUMPED_BACK_MS)),
      ),
    );
  }

  /** Cuts a connection in the middle of its transaction: the first that waits for a row which we hold. */
  async cut(): Promise<void> {
    const client = await this.options.insist(() => this.options.pool.connect());
    if (client === undefined) return;
    try {
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM runs WHERE NOT ended FOR UPDATE');
      for (let look = 0; look < 40; look += 1) {
        const { rowCount } = await this.options.pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1`,
        );
        if (rowCount === 1) {
          this.options.injected('connection cut in the middle of a transaction');
          break;
        }
        await delay(25);
      }
      await client.query('ROLLBACK');
      client.release();
    } catch (error) {
      client.release(error instanceof Error ? error : true);
    }
  }
}
