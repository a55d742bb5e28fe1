import type { Pool } from 'pg';
import { quotedName } from './schema';

/** Any number that no other program is likely to use. */
const LOCK = 4_203_970_512;

/** A table, and the SQL that creates it. */
export interface Table {
  readonly name: string;
  readonly schema: string;
}

/** Creates the tables that do not exist. Of several processes, one does it, and the others wait for it. */
export async function createTables(pool: Pool, tables: readonly Table[]): Promise<void> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ encoding: string; missing: string[] }>(
      `SELECT current_setting('server_encoding') AS encoding,
        ARRAY(SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL) AS missing`,
      [tables.map(({ name }) => quotedName(name))],
    );
    const { encoding, missing = [] } = rows[0] ?? {};
    if (encoding !== 'UTF8')
      throw new Error(
        `PostgresIdempotencyStore: the encoding of the database is ${encoding}, which cannot hold every result; create the database with ENCODING 'UTF8'`,
      );
    // Only the role that creates a table needs the right to do so.
    for (const { name, schema } of tables)
      if (missing.includes(quotedName(name)))
        // One text without parameters is one transaction, and one turn on a pooler.
        await client.query(`SELECT pg_advisory_xact_lock(${LOCK});\n${schema}`);
  } finally {
    client.release();
  }
}
