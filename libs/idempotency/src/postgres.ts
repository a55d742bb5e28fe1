export { drizzleTransactions } from './stores/postgres/adapters/drizzle-transactions';
export { knexTransactions } from './stores/postgres/adapters/knex-transactions';
export { mikroormTransactions } from './stores/postgres/adapters/mikroorm-transactions';
export { prismaTransactions } from './stores/postgres/adapters/prisma-transactions';
export { typeormTransactions } from './stores/postgres/adapters/typeorm-transactions';
export { PostgresIdempotencyStore } from './stores/postgres/postgres-idempotency-store';
export type { PostgresIdempotencyStoreOptions } from './stores/postgres/postgres-store.options';
export { pgTransactions } from './stores/postgres/pg-transactions';
export { postgresSchema } from './stores/postgres/schema';
