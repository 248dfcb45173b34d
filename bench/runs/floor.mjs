// What bare Postgres takes: alone, ten commits of one row; together, per commit the rows of 64 steps in one statement.
import pg from 'pg';

export async function floor({ connectionString, steps }) {
  const pool = new pg.Pool({ connectionString, max: 4 });
  await pool.query('CREATE TABLE entries (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run int, data jsonb)');
  await pool.query('CREATE TABLE heads (run int PRIMARY KEY, seq int NOT NULL DEFAULT 0) WITH (fillfactor = 50)');
  await pool.query('INSERT INTO heads (run) SELECT generate_series(1, 128)');
  const insert = { name: 'one', text: `INSERT INTO entries (run, data) VALUES ($1, '{"step":1}')` };
  const batch = {
    name: 'batch',
    text: `WITH h AS (UPDATE heads SET seq = seq + 2 WHERE run BETWEEN $1 AND $2 RETURNING run)
           INSERT INTO entries (run, data) SELECT run, '{"step":1}' FROM h, generate_series(1, 2)`,
  };
  return {
    runs: 960,
    one: async () => {
      for (let step = 0; step < steps; step += 1) await pool.query({ ...insert, values: [step] });
    },
    /** Two lanes of half the runs each, as our writer has. */
    many: async (runs, concurrent) => {
      const half = concurrent / 2;
      let commits = Math.ceil((runs * steps) / half);
      const total = commits * half;
      const begun = performance.now();
      const lane = async (first) => {
        while (commits > 0) {
          commits -= 1;
          await pool.query({ ...batch, values: [first, first + half - 1] });
        }
      };
      await Promise.all([lane(1), lane(half + 1)]);
      return (total * 1000) / (performance.now() - begun);
    },
    close: () => pool.end(),
  };
}
