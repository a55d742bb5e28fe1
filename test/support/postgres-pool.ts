import { Pool, type PoolConfig, type QueryConfig } from 'pg';
import { freshDatabase } from './postgres';

/** A pool of connections to a database of its own. */
export interface OwnDatabase {
  readonly pool: Pool;
  readonly url: string;
  /** Ends the pool and removes the database. */
  readonly remove: () => Promise<void>;
}

export async function ownDatabase(config: PoolConfig = {}): Promise<OwnDatabase> {
  const database = await freshDatabase();
  const { url } = database;
  const pool = poolAt(url, config);
  return {
    pool,
    url,
    remove: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

export function poolAt(url: string, config: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, connectionTimeoutMillis: 5_000, ...config });
  // A connection that ends while it is idle; the next statement gets another one.
  pool.on('error', () => undefined);
  return pool;
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
