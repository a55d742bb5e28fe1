import type { Pool } from 'pg';
import { holdClient } from './held-client';
import { postgresSchema, quotedName } from './schema';

/** Any number that no other program is likely to use. */
const LOCK = 4_203_970_512;

/** Creates the table unless it exists. Of several processes, one does it, and the others wait for it. */
export async function createTable(pool: Pool, table: string): Promise<void> {
  const { client, release } = await holdClient(pool);
  try {
    const { rows } = await client.query<{ encoding: string; exists: boolean }>(
      `SELECT current_setting('server_encoding') AS encoding, to_regclass($1) IS NOT NULL AS exists`,
      [quotedName(table)],
    );
    if (rows[0]?.encoding !== 'UTF8')
      throw new Error(
        `PostgresIdempotencyStore: the encoding of the database is ${rows[0]?.encoding}, which cannot hold every result; create the database with ENCODING 'UTF8'`,
      );
    // Only the role that creates the table needs the right to do so.
    if (rows[0].exists) return;
    // One text without parameters is one transaction, and one turn on a pooler.
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK});\n${postgresSchema(table)}`);
  } finally {
    release();
  }
}
