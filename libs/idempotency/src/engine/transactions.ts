/**
 * What takes single statements of PostgreSQL, whose parameters are `$1`, `$2` and so on: a pool or client of `pg`, or a
 * transaction behind an adapter.
 */
export interface Queryable {
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Row[] }>;
}

/** A transaction that is open. */
export interface Transaction<Native = unknown> extends Queryable {
  /** What its library calls it, such as the `EntityManager` of TypeORM. */
  readonly native: Native;
}

/**
 * Opens transactions, in the way of one library. `pgTransactions(pool)` of `nestjs-idempotent/postgres` is the one for `pg`;
 * the others there are for TypeORM, Prisma, Drizzle, Knex and MikroORM.
 */
export interface Transactions<Native = unknown> {
  /**
   * Set it if `run` rejects when the server answers COMMIT with ROLLBACK, which is not an error. It does so if a statement has
   * failed that was not awaited, and most libraries do not look at the answer. Without it, the record is looked for after each
   * COMMIT, which costs a round trip over the store's pool.
   */
  readonly confirmsCommit?: true;
  /** Commits if `work` resolves, and resolves with its result; rolls back if it rejects, and rejects with its error. */
  run<T>(work: (transaction: Transaction<Native>) => Promise<T>): Promise<T>;
}
