import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool, type EmbeddedPostgres, startEmbeddedPostgres } from '@planwarden/database';
import { migrateRuns } from '@planwarden/runs';
import { SmallDisk } from './small-disk.js';
import { makeClock } from './turning-clock.js';

const TEMPLATE = 'faults_template';
const AGAIN_WITHIN = 50;

/** A durable PostgreSQL that can be killed and started again on its port, with a database of its own for each trial. */
export class Server {
  #made = 0;

  private constructor(
    private readonly folder: string,
    private running: EmbeddedPostgres,
    /** Its disk, where that is so small that it can be filled. */
    readonly disk: SmallDisk | undefined,
  ) {}

  /** @param isSmall on a disk of its own that can be filled, where this machine lets us have one: see `disk` */
  static async start({ isSmall = false }: { readonly isSmall?: boolean } = {}): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), 'planwarden-faults-'));
    const disk = isSmall ? SmallDisk.mountedOn(folder) : undefined;
    const server = new Server(folder, await startEmbeddedPostgres({ dataFolder: folder }), disk);
    await server.#admin(`CREATE DATABASE ${TEMPLATE}`);
    const pool = createPool({ connectionString: server.#url(TEMPLATE), max: 1 });
    await migrateRuns(pool);
    await pool.end();
    return server;
  }

  /**
   * Connection string of a new database with the tables of runs.
   * @param hasClock whose clock can be set: see turning-clock.ts
   */
  async database({ hasClock = false }: { readonly hasClock?: boolean } = {}): Promise<string> {
    this.#made += 1;
    const name = `faults_${this.#made}`;
    if (hasClock) {
      await this.#admin(`CREATE DATABASE ${name}`);
      await makeClock(this.#url(name), name);
      const pool = createPool({ connectionString: this.#url(name), max: 1 });
      await migrateRuns(pool);
      await pool.end();
      return this.#url(name);
    }
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
    await this.#startAgain(port);
  }

  /** Starts it again where it has ended by itself. */
  async revive(): Promise<void> {
    if (isAlive(this.#pid())) return;
    const { port } = this.running;
    await this.running.stop();
    await this.#startAgain(port);
  }

  async #startAgain(port: number): Promise<void> {
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
    this.disk?.unmount();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #pid(): number {
    const file = join(this.folder, 'postgres', 'postmaster.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
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

function isAlive(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
