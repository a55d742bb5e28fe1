import { Pool, type PoolConfig, type QueryConfig } from 'pg';
import { freshDatabase, freshRole } from './postgres';

/** A pool of connections to a database of its own. */
export interface OwnDatabase {
  readonly pool: Pool;
  readonly url: string;
  /** Ends the pool and removes the database. */
  readonly remove: () => Promise<void>;
}

/** @param createdWith options of CREATE DATABASE */
export async function ownDatabase(createdWith = ''): Promise<OwnDatabase> {
  const database = await freshDatabase(createdWith);
  const { url } = database;
  const pool = poolAt(url);
  return {
    pool,
    url,
    remove: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

/** For specs that crash nothing: a commit of a new session is confirmed before it is on the disk, which others keep busy. */
export async function withoutWaitingForTheDisk({ pool }: OwnDatabase): Promise<void> {
  await pool.query(`DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database());
  END $$`);
}

export function poolAt(url: string, config: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, connectionTimeoutMillis: 5_000, ...config });
  // A connection that ends while it is idle; the next statement gets another one.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * A pool of a role that may do nothing but connect. Remove it before the database, in which it may have rights.
 *
 * @param grant the rights of the role, as in `GRANT … TO` the role
 */
export async function poolOfRole(
  { pool, url }: OwnDatabase,
  grant?: string,
): Promise<{ readonly pool: Pool; readonly role: string; readonly remove: () => Promise<void> }> {
  const { name, drop } = await freshRole();
  if (grant !== undefined) await pool.query(`GRANT ${grant} TO ${name}`);
  const own = new URL(url);
  own.username = own.password = name;
  const limited = poolAt(own.href);
  return {
    pool: limited,
    role: name,
    remove: async () => {
      await limited.end();
      await pool.query(`DROP OWNED BY ${name}`);
      await drop();
    },
  };
}

/** The pool, and the texts of the statements that are sent over what is returned. */
export function recording(pool: Pool): { readonly pool: Pool; readonly texts: string[] } {
  const texts: string[] = [];
  const query = (statement: QueryConfig) => {
    texts.push(statement.text);
    return pool.query(statement);
  };
  return {
    pool: new Proxy(pool, {
      get: (_, name): unknown => (name === 'query' ? query : Reflect.get(pool, name)),
    }),
    texts,
  };
}
