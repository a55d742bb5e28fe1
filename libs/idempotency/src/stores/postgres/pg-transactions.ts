import type { Pool, PoolClient } from 'pg';
import type { Transactions } from '../../engine/transactions';
import { holdClient } from './held-client';

/**
 * Transactions of `pg`, with the server's default isolation. `native` is the client.
 *
 * @param pool not the one of the store: work that waits for a connection would keep leases from being renewed
 *
 * @example
 * IdempotencyModule.forRoot({ store, transactions: pgTransactions(pool), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export function pgTransactions(pool: Pool): Transactions<PoolClient> {
  return {
    confirmsCommit: true,
    run: async (work) => {
      const { client, release } = await holdClient(pool);
      let isBroken = false;
      try {
        await client.query('BEGIN');
        const result = await work({
          native: client,
          query: (text, values) => client.query(text, values && [...values]),
        });
        const { command } = await client.query('COMMIT');
        // The server's answer if a statement has failed whose error was not awaited.
        if (command !== 'COMMIT')
          throw new Error('the server rolled the transaction back: a statement in it has failed');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => (isBroken = true));
        throw error;
      } finally {
        release(isBroken);
      }
    },
  };
}
