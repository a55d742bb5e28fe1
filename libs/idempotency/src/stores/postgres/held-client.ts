import type { Pool, PoolClient } from 'pg';

/** A client that is taken out of its pool. A lost connection does not end the process: the next statement rejects. */
export interface HeldClient {
  readonly client: PoolClient;
  /** @param isBroken whether its connection must not be used again */
  readonly release: (isBroken?: boolean) => void;
}

/**
 * Takes a client out of a pool. The listener is there in the same turn: a server that ends a session as soon as it is open
 * sends both messages together, and the second one is read before a promise of the pool resolves.
 */
export function holdClient(pool: Pool): Promise<HeldClient> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (!client) return reject(error ?? new Error('the pool has given no client'));
      client.on('error', ignore);
      const release = (isBroken = false) => {
        client.off('error', ignore);
        client.release(isBroken);
      };
      resolve({ client, release });
    });
  });
}

function ignore(): void {}
