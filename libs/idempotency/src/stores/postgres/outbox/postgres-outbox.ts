import type { Queryable } from '../../../engine/transactions';
import type { NewMessage, Outbox } from '../../../outbox/outbox';
import { failureOf, isRepeatable } from '../postgres-errors';
import { quotedName } from '../schema';
import { DEFAULT_OUTBOX_TABLE } from './outbox-schema';
import { outboxStatementsFor, type OutboxStatements } from './outbox-statements';

/** Settings of {@link PostgresOutbox}. */
export interface PostgresOutboxOptions {
  /** The table, as `name` or `schema.name`. Default `idempotency_outbox`. */
  readonly table?: string;
}

/**
 * Messages in a table of the application's database, for a process that only writes them: an {@link OutboxRelay} of another
 * process publishes them. The table must exist: call `migrate()` of the store, or run the SQL of `outboxSchema()`.
 *
 * @example
 * IdempotencyModule.forRoot({ store, transactions, outbox: new PostgresOutbox(), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export class PostgresOutbox implements Outbox {
  protected readonly statements: OutboxStatements;
  private readonly table: string;

  /** @throws Error if the name of the table is not a plain one */
  constructor({ table = DEFAULT_OUTBOX_TABLE }: PostgresOutboxOptions = {}) {
    this.table = quotedName(table);
    this.statements = outboxStatementsFor(this.table);
  }

  write(transaction: Queryable, message: NewMessage): Promise<void> {
    return this.writeAll(transaction, [message]);
  }

  /**
   * Adds messages outside of a handler, in one statement, as a part of the transaction. Those with the same scope and key are
   * published in their order. They are not checked: what no broker takes is tried for ever, and holds up the later ones.
   */
  async writeAll(transaction: Queryable, messages: readonly NewMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const all = (column: keyof NewMessage) => messages.map((message) => message[column]);
    const names = [all('scope'), all('key'), all('exchange'), all('routingKey')];
    const values = [...names, all('content'), all('headers'), all('idempotencyKey')];
    try {
      await transaction.query(this.statements.write, values);
    } catch (error) {
      if (isRepeatable(error)) throw error;
      throw failureOf('publish', this.table, error);
    }
  }
}
