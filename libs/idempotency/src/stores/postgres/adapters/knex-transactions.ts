import type { Queryable, Transactions } from '../../../engine/transactions';

/** A `Knex.Transaction`. */
export interface KnexTransaction {
  /** Inside of a transaction, it gives the connection of that: the client of `pg`. */
  readonly client: { acquireConnection(): Promise<Queryable> };
}

interface Knex<Native, Config> {
  transaction<T>(work: (transaction: Native) => Promise<T>, config?: Config): Promise<T>;
}

/**
 * Transactions of Knex. `native` is the `Knex.Transaction`.
 *
 * @param knex with the client `pg`, and not with the pool of the store
 * @param config as for `knex.transaction`, such as `{ isolationLevel: 'serializable' }`
 *
 * @example
 * IdempotencyModule.forRoot({ store, transactions: knexTransactions(knex), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export function knexTransactions<Native extends KnexTransaction, Config>(
  knex: Knex<Native, Config>,
  config?: Config,
): Transactions<Native> {
  return {
    run: (work) =>
      knex.transaction(async (native) => {
        const client = await native.client.acquireConnection();
        return work({ native, query: (text, values) => client.query(text, values && [...values]) });
      }, config),
  };
}
