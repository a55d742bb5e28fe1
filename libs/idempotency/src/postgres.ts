export { PostgresIdempotencyStore } from './stores/postgres/postgres-idempotency-store';
export type { PostgresIdempotencyStoreOptions } from './stores/postgres/postgres-store.options';
export { pgTransactions } from './stores/postgres/pg-transactions';
export { postgresSchema } from './stores/postgres/schema';
