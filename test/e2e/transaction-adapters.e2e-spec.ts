import { randomUUID } from 'node:crypto';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { IdempotencyContext } from 'nestjs-idempotent';
import { mikroormTransactions } from 'nestjs-idempotent/postgres';
import { MikroormEffect, orms } from '../support/orms';
import { describeTransactionsOf } from '../support/transaction-cases';
import { EffectsDatabase } from '../support/transactional-engine';

for (const [name, open] of Object.entries(orms)) describe(name, () => describeTransactionsOf(name, open));

describe('what a handler leaves for MikroORM to flush', () => {
  let database: EffectsDatabase;
  let orm: MikroORM;

  beforeAll(async () => {
    database = await EffectsDatabase.create();
    await database.own.pool.query('ALTER TABLE effects ADD PRIMARY KEY (key)');
    orm = await MikroORM.init({ clientUrl: database.own.url, entities: [MikroormEffect] });
  });
  afterAll(async () => {
    await orm.close(true);
    await database.remove();
  });

  const leave = async ({ key, transaction }: IdempotencyContext) => {
    const manager = transaction.native as EntityManager;
    manager.persist(manager.create(MikroormEffect, { key, value: 1 }));
  };
  const transactional = { scope: 'transfer', transaction: true } as const;

  it('is committed with the record', async () => {
    const key = randomUUID();
    const { service } = database.engine({ transactions: mikroormTransactions(orm.em) });
    expect(await service.run(key, leave, transactional)).toMatchObject({ kind: 'executed' });
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('is rolled back with the record if it fails, and the key is free', async () => {
    const key = randomUUID();
    await database.own.pool.query('INSERT INTO effects VALUES ($1, 0)', [key]);
    const { service, heard } = database.engine({ transactions: mikroormTransactions(orm.em) });
    await expect(service.run(key, leave, transactional)).rejects.toThrow('duplicate key');
    expect(heard).toEqual(['acquired', 'released']);
    expect((await service.find({ scope: 'transfer', key })).record).toBeUndefined();
  });
});
