import type { Queryable, Transactions } from '../../../engine/transactions';

/** The `EntityManager` of a transaction. */
interface Manager {
  /** Its `connect` resolves with the client of `pg`. */
  readonly queryRunner?: { connect(): Promise<Queryable> };
}

/** The `DataSource` of TypeORM. */
interface DataSource<Native, Isolation> {
  transaction<T>(work: (manager: Native) => Promise<T>): Promise<T>;
  transaction<T>(isolation: Isolation, work: (manager: Native) => Promise<T>): Promise<T>;
}

/**
 * Transactions of TypeORM. `native` is the `EntityManager`.
 *
 * @param dataSource of the type `postgres`, and not with the pool of the store
 * @param isolation default: that of the data source
 *
 * @example
 * IdempotencyModule.forRoot({ store, transactions: typeormTransactions(dataSource), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export function typeormTransactions<Native extends Manager, Isolation extends string>(
  dataSource: DataSource<Native, Isolation>,
  isolation?: Isolation,
): Transactions<Native> {
  return {
    run: (work) => {
      const inTransaction = async (native: Native) => {
        if (!native.queryRunner) throw new Error('TypeORM gave an EntityManager without a query runner');
        const client = await native.queryRunner.connect();
        return work({ native, query: (text, values) => client.query(text, values && [...values]) });
      };
      return isolation === undefined
        ? dataSource.transaction(inTransaction)
        : dataSource.transaction(isolation, inTransaction);
    },
  };
}
