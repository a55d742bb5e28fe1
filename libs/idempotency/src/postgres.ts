export {
  PostgresIdempotencyStore,
  type PostgresIdempotencyStoreOptions,
} from './stores/postgres/postgres-idempotency-store';
export { pgTransactions } from './stores/postgres/pg-transactions';
export { postgresSchema } from './stores/postgres/schema';
export { OutboxRelay, type OutboxLag, type OutboxRelayOptions } from './stores/postgres/outbox/outbox-relay';
export { PostgresOutbox, type PostgresOutboxOptions } from './stores/postgres/outbox/postgres-outbox';
export { outboxSchema } from './stores/postgres/outbox/outbox-schema';
export type { OutboxEvent, OutboxListener } from './stores/postgres/outbox/outbox-events';
export type { MessageOptions, OutboxMessage } from './outbox/outbox';
