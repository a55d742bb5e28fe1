import type { Pool, QueryConfig } from 'pg';
import { holdClient } from '../held-client';
import { LIMIT_IDLE_TIME } from '../statements';

/** A server that does not answer a statement for so long is cut off. */
const STATEMENT_TIMEOUT_MS = 5_000;

/** Sends one statement of the transaction. */
type Send = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * Commits if `work` resolves. Otherwise the connection is closed, which rolls back whatever state it is in.
 *
 * @param idleMs how long this process may be silent, frozen or cut off, before the server ends the transaction
 */
export async function inBatchTransaction<T>(
  pool: Pool,
  idleMs: number,
  work: (send: Send) => Promise<T>,
): Promise<T> {
  const { client, release } = await holdClient(pool);
  let isCommitted = false;
  try {
    const send: Send = async <Row extends object>(text: string, values: readonly unknown[] = []) => {
      // The driver has a time-out for each statement, but its types do not.
      const statement: QueryConfig & { query_timeout: number } = {
        text,
        values: [...values],
        query_timeout: STATEMENT_TIMEOUT_MS,
      };
      return (await client.query<Row>(statement)).rows;
    };
    // A stricter default isolation would refuse what another relay has removed meanwhile.
    await send('BEGIN ISOLATION LEVEL READ COMMITTED');
    await send(LIMIT_IDLE_TIME, [String(idleMs)]);
    const result = await work(send);
    await send('COMMIT');
    isCommitted = true;
    return result;
  } finally {
    release(!isCommitted);
  }
}
