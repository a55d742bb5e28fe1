import type { Pool, PoolClient } from 'pg';
import type { Transactions } from '../../../engine/transactions';
import { throwCause } from '../postgres-errors';

type Execution = { execute(): Promise<unknown> };
type Session = { prepareQuery(query: object, ...rowsAreObjects: [undefined, undefined, false]): Execution };
interface Drizzle<Native, Config> {
  readonly $client: Pool;
  transaction<T>(work: (transaction: Native) => Promise<T>, config?: Config): Promise<T>;
}

/**
 * Transactions of Drizzle. `native` is its transaction.
 *
 * @param db what `drizzle(pool, …)` of `drizzle-orm/node-postgres` returns, and not with the pool of the store
 * @param config as for `db.transaction`, such as `{ isolationLevel: 'serializable' }`
 *
 * @example
 * IdempotencyModule.forRoot({ store, transactions: drizzleTransactions(db), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export function drizzleTransactions<Native extends { readonly _: { readonly session: Session } }, Config>(
  db: Drizzle<Native, Config>,
  config?: Config,
): Transactions<Native> {
  const ignore = () => undefined;
  // Drizzle listens to no connection that is in use: a lost one would end the process.
  db.$client.on('acquire', (client: PoolClient) => client.on('error', ignore));
  db.$client.on('release', (_, client: PoolClient) => client.off('error', ignore));
  const run: Transactions<Native>['run'] = (work) =>
    db.transaction((native) => {
      const { session } = native._;
      const query = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
        const prepared = session.prepareQuery({ sql, params: [...values] }, undefined, undefined, false);
        return (await prepared.execute().catch(throwCause)) as { rows: Row[] };
      };
      return work({ native, query });
    }, config);
  return { run };
}
