import type { Transactions } from '../../../engine/transactions';
import type { KnexTransaction } from './knex-transactions';

/** The `EntityManager` of a transaction. */
interface Manager {
  getTransactionContext(): KnexTransaction | undefined;
}

interface Forkable<Native, Options> {
  fork(): { transactional<T>(work: (manager: Native) => Promise<T>, options?: Options): Promise<T> };
}

/**
 * Transactions of MikroORM. `native` is its `EntityManager`, a new fork for each. What the handler leaves to be flushed is
 * flushed after it; if an error of that has to be remembered, flush in the handler.
 *
 * @param manager of `@mikro-orm/postgresql`, and not with the pool of the store
 * @param options as for `em.transactional`, such as `{ isolationLevel: IsolationLevel.SERIALIZABLE }`
 *
 * @example
 * IdempotencyModule.forRoot({ store, transactions: mikroormTransactions(orm.em), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export function mikroormTransactions<Native extends Manager, Options>(
  manager: Forkable<Native, Options>,
  options?: Options,
): Transactions<Native> {
  return {
    run: (work) =>
      // A fork is not part of a transaction that is open around it.
      manager.fork().transactional(async (native) => {
        const transaction = native.getTransactionContext();
        if (!transaction) throw new Error('MikroORM gave an EntityManager without a transaction');
        const client = await transaction.client.acquireConnection();
        return work({ native, query: (text, values) => client.query(text, values && [...values]) });
      }, options),
  };
}
