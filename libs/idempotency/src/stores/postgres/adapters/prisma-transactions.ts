import type { Transactions } from '../../../engine/transactions';

/** The client of a transaction. */
interface TransactionClient {
  $queryRawUnsafe<Rows>(text: string, ...values: unknown[]): Promise<Rows>;
}

interface Prisma<Native, Options> {
  $transaction<T>(work: (client: Native) => Promise<T>, options?: Options): Promise<T>;
}

/**
 * Transactions of Prisma. `native` is the client of the transaction.
 *
 * @param prisma with `@prisma/adapter-pg`, and not with the pool of the store
 * @param options as for `$transaction`; its `timeout` should be the lease: Prisma's default is 5 seconds
 *
 * @example
 * const transactions = prismaTransactions(prisma, { timeout: 30_000 });
 * IdempotencyModule.forRoot({ store, transactions, ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export function prismaTransactions<Native extends TransactionClient, Options>(
  prisma: Prisma<Native, Options>,
  options?: Options,
): Transactions<Native> {
  return {
    run: (work) =>
      prisma.$transaction(
        (native) =>
          work({
            native,
            query: async <Row extends object>(text: string, values: readonly unknown[] = []) => ({
              rows: await native.$queryRawUnsafe<Row[]>(text, ...values),
            }),
          }),
        options,
      ),
  };
}
