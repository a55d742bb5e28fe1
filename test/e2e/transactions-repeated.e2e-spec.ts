import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { IdempotencyContext, Transactions } from 'nestjs-idempotent';
import { pgTransactions } from 'nestjs-idempotent/postgres';
import { EffectsDatabase, scope, transactional } from '../support/transactional-engine';

let database: EffectsDatabase;

beforeAll(async () => {
  database = await EffectsDatabase.create();
});
afterAll(() => database.remove());

describe('transactions that the database refuses because of others', () => {
  /** Adds one to two rows, in an order that another run takes the other way round. */
  const moveBetween =
    (one: string, other: string, meet: () => Promise<unknown>) =>
    async ({ transaction }: IdempotencyContext) => {
      const add = (name: string) =>
        transaction.query('UPDATE effects SET value = value + 1 WHERE key = $1', [name]);
      await add(one);
      await meet();
      await add(other);
    };

  it('are run again after a deadlock, and each is done once', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    await database.own.pool.query('INSERT INTO effects VALUES ($1, 0), ($2, 0)', [one, other]);
    const steps = new EventEmitter();
    let arrived = 0;
    // Both have their first lock before either asks for its second one.
    const meet = async () => {
      if (++arrived === 2) steps.emit('both');
      if (arrived < 2) await once(steps, 'both');
    };
    const { service, heard } = database.engine();
    const outcomes = await Promise.all([
      service.run(randomUUID(), moveBetween(one, other, meet), transactional),
      service.run(randomUUID(), moveBetween(other, one, meet), transactional),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['executed', 'executed']);
    expect(heard.filter((kind) => kind === 'transaction-repeated')).toHaveLength(1);
    const { rows } = await database.own.pool.query('SELECT value FROM effects WHERE key IN ($1, $2)', [
      one,
      other,
    ]);
    expect(rows).toEqual([{ value: 2 }, { value: 2 }]);
  });

  it('are run again after a serialization failure, and each is done once', async () => {
    const account = randomUUID();
    await database.own.pool.query('INSERT INTO effects VALUES ($1, 0)', [account]);
    const serializable: Transactions = {
      run: (work) =>
        pgTransactions(database.pool).run(async (transaction) => {
          await transaction.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
          return work(transaction);
        }),
    };
    const { service, heard } = database.engine({ transactions: serializable });
    const outcomes = await Promise.all(
      Array.from({ length: 3 }, () =>
        service.run(
          randomUUID(),
          async ({ transaction }) => {
            const { rows } = await transaction.query<{ value: number }>(
              'SELECT value FROM effects WHERE key = $1',
              [account],
            );
            await transaction.query('UPDATE effects SET value = $1 WHERE key = $2', [
              (rows[0]?.value ?? 0) + 1,
              account,
            ]);
          },
          transactional,
        ),
      ),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['executed', 'executed', 'executed']);
    const { rows } = await database.own.pool.query('SELECT value FROM effects WHERE key = $1', [account]);
    expect(rows).toEqual([{ value: 3 }]);
    expect(heard).toContain('transaction-repeated');
  });

  it('fail with that error after five tries, as one attempt', async () => {
    const { service, heard } = database.engine();
    const key = randomUUID();
    let tries = 0;
    const run = service.run(
      key,
      async ({ transaction }) => {
        await transaction.query('INSERT INTO effects VALUES ($1, 1)', [key]);
        tries++;
        await transaction.query(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`);
      },
      transactional,
    );
    await expect(run).rejects.toMatchObject({ code: '40001' });
    expect(tries).toBe(5);
    expect(heard.filter((kind) => kind === 'transaction-repeated')).toHaveLength(4);
    expect(await service.find({ scope, key })).toMatchObject({ countedAttempts: 1 });
    expect(await database.effectsOf(key)).toBe(0);
  });
});
