/** Settings of `PostgresIdempotencyStore`. */
export interface PostgresIdempotencyStoreOptions {
  /** The table, as `name` or `schema.name`. Default `idempotency_keys`. */
  readonly table?: string;
  /** The table of an outbox, for `migrate()`. Default `idempotency_outbox`. */
  readonly outboxTable?: string;
  /** How long one statement may take, in ms. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * Whether a session keeps the statements, so that the server plans each only once. That saves a third of its work where
   * few keys are worked on at a time. Not behind a pooler that gives a transaction any session and does not know of prepared
   * statements, such as pgbouncer before 1.21: there, each step would fail. Default: false.
   */
  readonly preparedStatements?: boolean;
}
