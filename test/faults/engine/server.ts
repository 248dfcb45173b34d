import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool, type EmbeddedPostgres, startEmbeddedPostgres } from '@planwarden/database';
import { migrateRuns } from '@planwarden/runs';

const TEMPLATE = 'faults_template';
const AGAIN_WITHIN = 50;

/** A durable PostgreSQL that can be killed and started again on its port, with a database of its own for each trial. */
export class Server {
  #made = 0;

  private constructor(
    private readonly folder: string,
    private running: EmbeddedPostgres,
  ) {}

  static async start(): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), 'planwarden-faults-'));
    const server = new Server(folder, await startEmbeddedPostgres({ dataFolder: folder }));
    await server.#admin(`CREATE DATABASE ${TEMPLATE}`);
    const pool = createPool({ connectionString: server.#url(TEMPLATE), max: 1 });
    await migrateRuns(pool);
    await pool.end();
    return server;
  }

  /** Connection string of a new database with the tables of runs. */
  async database(): Promise<string> {
    this.#made += 1;
    const name = `faults_${this.#made}`;
    await this.#admin(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
    return this.#url(name);
  }

  async drop(connectionString: string): Promise<void> {
    await this.#admin(`DROP DATABASE ${new URL(connectionString).pathname.slice(1)} WITH (FORCE)`);
  }

  /** Ends the server and starts it again. @param hard by SIGKILL, else as a restart does: connections are cut */
  async restart({ hard }: { readonly hard: boolean }): Promise<void> {
    const { port } = this.running;
    if (hard) process.kill(this.#pid(), 'SIGKILL');
    await this.running.stop();
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.running = await startEmbeddedPostgres({ dataFolder: this.folder, port });
        return;
      } catch (error) {
        // What a killed server left running keeps its memory for an instant.
        if (attempt >= AGAIN_WITHIN) throw error;
        await delay(100);
      }
    }
  }

  async stop(): Promise<void> {
    await this.running.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #pid(): number {
    return Number(readFileSync(join(this.folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  #url(name: string): string {
    const url = new URL(this.running.connectionString);
    url.pathname = `/${name}`;
    return url.href;
  }

  async #admin(statement: string): Promise<void> {
    const pool = createPool({ connectionString: this.running.connectionString, max: 1 });
    try {
      await pool.query(statement);
    } finally {
      await pool.end();
    }
  }
}
