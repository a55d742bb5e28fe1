export {
  PostgresIdempotencyStore,
  type PostgresIdempotencyStoreOptions,
} from './stores/postgres/postgres-idempotency-store';
export { postgresSchema } from './stores/postgres/schema';
