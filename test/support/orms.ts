import { EntitySchema as MikroormSchema, IsolationLevel, MikroORM } from '@mikro-orm/postgresql';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import knex from 'knex';
import {
  drizzleTransactions,
  knexTransactions,
  mikroormTransactions,
  typeormTransactions,
} from 'nestjs-idempotent/postgres';
import { DataSource, EntitySchema as TypeormSchema } from 'typeorm';
import type { Pool } from 'pg';
import { libraryUnderTest, type LibraryUnderTest } from './library-under-test';
import { poolAt } from './postgres-pool';

const usedOf = (pool: Pool) => pool.totalCount - pool.idleCount;

async function typeorm(url: string): Promise<LibraryUnderTest> {
  const Effect = new TypeormSchema<{ key: string; value: number }>({
    name: 'effects',
    columns: { key: { type: 'text', primary: true }, value: { type: 'integer' } },
  });
  const dataSource = await new DataSource({ type: 'postgres', url, entities: [Effect] }).initialize();
  return libraryUnderTest({
    transactions: typeormTransactions(dataSource),
    serializable: typeormTransactions(dataSource, 'SERIALIZABLE'),
    insert: (manager, key) => manager.insert(Effect, { key, value: 1 }),
    connectionsInUse: () => usedOf(Reflect.get(dataSource.driver, 'master') as Pool),
    close: () => dataSource.destroy(),
  });
}

async function drizzleOrm(url: string): Promise<LibraryUnderTest> {
  const effects = pgTable('effects', { key: text().notNull(), value: integer().notNull() });
  const pool = poolAt(url);
  const db = drizzle(pool, { schema: { effects } });
  return libraryUnderTest({
    transactions: drizzleTransactions(db),
    serializable: drizzleTransactions(db, { isolationLevel: 'serializable' }),
    insert: (transaction, key) => transaction.insert(effects).values({ key, value: 1 }),
    connectionsInUse: () => usedOf(pool),
    close: () => pool.end(),
  });
}

interface TarnPool {
  numUsed(): number;
}

async function knexOf(url: string): Promise<LibraryUnderTest> {
  const database = knex({ client: 'pg', connection: url });
  return libraryUnderTest({
    transactions: knexTransactions(database),
    serializable: knexTransactions(database, { isolationLevel: 'serializable' }),
    insert: async (transaction, key) => transaction('effects').insert({ key, value: 1 }),
    connectionsInUse: () => (database.client as { pool: TarnPool }).pool.numUsed(),
    close: () => database.destroy(),
  });
}

/** The entity of MikroORM for the table `effects`. */
export const MikroormEffect = new MikroormSchema<{ key: string; value: number }>({
  name: 'Effect',
  tableName: 'effects',
  properties: { key: { type: 'text', primary: true }, value: { type: 'integer' } },
});

async function mikroorm(url: string): Promise<LibraryUnderTest> {
  const orm = await MikroORM.init({ clientUrl: url, entities: [MikroormEffect] });
  const { em } = orm;
  return libraryUnderTest({
    transactions: mikroormTransactions(em),
    serializable: mikroormTransactions(em, { isolationLevel: IsolationLevel.SERIALIZABLE }),
    insert: async (manager, key) =>
      manager.persist(manager.create(MikroormEffect, { key, value: 1 })).flush(),
    connectionsInUse: () => (em.getKnex().client as { pool: TarnPool }).pool.numUsed(),
    close: () => orm.close(true),
  });
}

/** The libraries that are installed here, by name. */
export const orms = { typeorm, drizzle: drizzleOrm, knex: knexOf, mikroorm };
