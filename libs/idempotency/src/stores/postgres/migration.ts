import type { Database } from './database';
import { migrationFailureOf } from './postgres-errors';
import { quotedName } from './schema';

/** Any number that no other program is likely to use. */
const LOCK = 4_203_970_512;

/** A table, and the SQL that creates it. */
export interface Table {
  readonly name: string;
  readonly schema: string;
}

/** Creates the tables that do not exist. Of several processes, one does it, and the others wait for it. */
export async function createTables(database: Database, tables: readonly Table[]): Promise<void> {
  for (const { name, schema } of tables) {
    try {
      await createTable(database, name, schema);
    } catch (error) {
      throw migrationFailureOf(quotedName(name), error);
    }
  }
}

async function createTable(database: Database, name: string, schema: string): Promise<void> {
  const [found] = await database.rowsOf<{ encoding: string; exists: boolean }>(
    `SELECT current_setting('server_encoding') AS encoding, to_regclass($1) IS NOT NULL AS exists`,
    [quotedName(name)],
  );
  if (found?.encoding !== 'UTF8')
    throw new Error(
      `PostgresIdempotencyStore: the encoding of the database is ${found?.encoding}, which cannot hold every result; create the database with ENCODING 'UTF8'`,
    );
  // Only the role that creates the table needs the right to do so.
  if (found.exists) return;
  // One text without parameters is one transaction, and one turn on a pooler.
  await database.rowsOf(`SELECT pg_advisory_xact_lock(${LOCK});\n${schema}`, []);
}
