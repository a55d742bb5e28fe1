import type { Queryable } from '../engine/transactions';
import type { ScopedKey } from '../stores/idempotency-store';

/** Settings of one message that a handler publishes with its transaction. */
export interface MessageOptions {
  /** Headers besides the one with the key. */
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  /**
   * The idempotency key of the message, 1 to 255 visible ASCII characters, for example that of the operation which it asks
   * for. Default: made from scope and key of the request, and the place of the message in it; so it is the same in each
   * attempt.
   */
  readonly key?: string;
}

/** A message as it is written. Scope and key are those of the request whose work publishes it. */
export interface NewMessage extends ScopedKey {
  readonly exchange: string;
  readonly routingKey: string;
  /** JSON, as `headers` is. */
  readonly content: string;
  readonly headers: string;
  readonly idempotencyKey: string;
}

/**
 * Where messages wait that are published if and only if a transaction commits: a table in the database of that transaction.
 * `OutboxRelay` of `nestjs-idempotent/postgres` is one that also publishes them.
 */
export interface Outbox {
  /** Adds a message, as a part of the transaction. */
  write(transaction: Queryable, message: NewMessage): Promise<void>;
  /** After the commit of a transaction with messages. */
  wake?(): void;
  /** When the application has started. */
  start?(): void;
  /** Before the application ends its connections. */
  stop?(): Promise<void>;
}

/**
 * No message at all can be published now, for example because the broker is not connected. A relay's `publish` rejects with
 * it so that the outage does not count against the message: other errors make it wait longer each time.
 */
export class BrokerUnavailableError extends Error {
  override readonly name = 'BrokerUnavailableError';
}

/** A message that waits in the outbox. The same in every attempt to publish it. */
export interface OutboxMessage extends ScopedKey {
  /** The number of its row. */
  readonly id: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** JSON. */
  readonly content: string;
  /** With that of the key, `idempotency-key`. */
  readonly headers: Readonly<Record<string, string | number | boolean>>;
  readonly idempotencyKey: string;
  /** When the handler wrote it, by the clock of the server. */
  readonly writtenAt: Date;
}
