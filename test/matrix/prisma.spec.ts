import { createRequire } from 'node:module';
import { join } from 'node:path';
import { prismaTransactions } from 'nestjs-idempotent/postgres';
import type { Pool } from 'pg';
import { given } from '../support/isolation';
import { libraryUnderTest, type LibraryUnderTest } from '../support/library-under-test';
import { describeTransactionsOf } from '../support/transaction-cases';

/** An application with Prisma, and with the client that it generated from schema.prisma. */
const application = given('PRISMA_APPLICATION');

/** The part of the generated client that is used here; types.ts of that application checks the adapter with the whole of it. */
interface TransactionClient {
  readonly effect: { create(row: { data: { key: string; value: number } }): Promise<unknown> };
  $queryRawUnsafe<Rows>(text: string, ...values: unknown[]): Promise<Rows>;
}

interface Client extends TransactionClient {
  $transaction<T>(
    work: (client: TransactionClient) => Promise<T>,
    options?: { isolationLevel?: 'Serializable'; timeout?: number },
  ): Promise<T>;
  $disconnect(): Promise<void>;
}

async function prisma(url: string): Promise<LibraryUnderTest> {
  const load = createRequire(join(application, 'index.js'));
  const { PrismaPg } = load('@prisma/adapter-pg') as { PrismaPg: new (pool: Pool) => object };
  const { PrismaClient } = load('./generated/client.ts') as {
    PrismaClient: new (options: { adapter: object }) => Client;
  };
  // Prisma takes a pool for options if it is of another copy of pg.
  const pg = load('pg') as { Pool: new (options: { connectionString: string }) => Pool };
  const pool = new pg.Pool({ connectionString: url });
  const client = new PrismaClient({ adapter: new PrismaPg(pool) });
  return libraryUnderTest({
    transactions: prismaTransactions(client),
    serializable: prismaTransactions(client, { isolationLevel: 'Serializable' }),
    insert: (transaction, key) => transaction.effect.create({ data: { key, value: 1 } }),
    connectionsInUse: () => pool.totalCount - pool.idleCount,
    close: async () => {
      await client.$disconnect();
      await pool.end();
    },
  });
}

describe('prisma', () => describeTransactionsOf('prisma', prisma));
