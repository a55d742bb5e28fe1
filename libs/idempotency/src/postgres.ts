export {
  PostgresIdempotencyStore,
  type PostgresIdempotencyStoreOptions,
} from './stores/postgres/postgres-idempotency-store';
export { pgTransactions } from './stores/postgres/pg-transactions';
export { postgresSchema } from './stores/postgres/schema';
