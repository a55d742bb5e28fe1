import { KEY_HEADER } from '../../../outbox/new-message';
import type { OutboxMessage } from '../../../outbox/outbox';

/** A row as the driver gives it: bigint as text. */
export interface OutboxRow {
  readonly id: string;
  readonly scope: string;
  readonly key: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly content: string;
  readonly headers: string;
  readonly message_key: string;
  readonly created_at: string;
  readonly failures: number;
  /** The clock of the server. */
  readonly now: string;
}

/** A message, and how often it has failed to be published. */
export interface TakenMessage {
  readonly message: OutboxMessage;
  readonly failures: number;
  /** How long it had waited when it was taken. */
  readonly waitedMs: number;
}

/** The messages of each request, in their order. */
export function byRequest(rows: readonly OutboxRow[]): TakenMessage[][] {
  const requests = new Map<string, TakenMessage[]>();
  for (const row of rows) {
    // Neither a scope nor a key can contain a line feed.
    const name = `${row.scope}\n${row.key}`;
    const messages = requests.get(name) ?? [];
    messages.push(takenMessage(row));
    requests.set(name, messages);
  }
  return [...requests.values()];
}

function takenMessage(row: OutboxRow): TakenMessage {
  const { id, scope, key, exchange, content, routing_key: routingKey, message_key: idempotencyKey } = row;
  const headers = JSON.parse(row.headers) as OutboxMessage['headers'];
  const message = {
    ...{ id, scope, key, exchange, routingKey, content, idempotencyKey },
    headers: { ...headers, [KEY_HEADER]: idempotencyKey },
    writtenAt: new Date(Number(row.created_at)),
  };
  const waitedMs = Math.max(0, Number(row.now) - Number(row.created_at));
  return { message, failures: row.failures, waitedMs };
}
