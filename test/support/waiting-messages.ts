import type { Pool } from 'pg';

/** A message in the table of an outbox. */
interface WaitingMessage {
  readonly exchange: string;
  readonly routing_key: string;
  readonly content: string;
  readonly headers: string;
  readonly message_key: string;
}

/** What waits in the outbox of a request, in its order. */
export async function waitingMessages(pool: Pool, key: string): Promise<WaitingMessage[]> {
  const { rows } = await pool.query<WaitingMessage>(
    `SELECT exchange, routing_key, content, headers, message_key FROM idempotency_outbox WHERE key = $1 ORDER BY id`,
    [key],
  );
  return rows;
}
