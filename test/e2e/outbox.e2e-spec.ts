import { randomUUID } from 'node:crypto';
import type { IdempotencyContext } from 'nestjs-idempotent';
import { outboxSchema, PostgresIdempotencyStore, PostgresOutbox } from 'nestjs-idempotent/postgres';
import type { NewMessage } from 'nestjs-idempotent/postgres';
import type { PoolClient } from 'pg';
import { ownDatabase } from '../support/postgres-pool';
import { EffectsDatabase, scope, transactional } from '../support/transactional-engine';
import { waitingMessages } from '../support/waiting-messages';

let database: EffectsDatabase;
let key: string;

beforeAll(async () => {
  database = await EffectsDatabase.create();
});
beforeEach(() => {
  key = randomUUID();
});
afterAll(() => database.remove());

const engine = () => database.engine({ outbox: new PostgresOutbox() });

/** Work with one effect and two messages. */
async function transfer(context: IdempotencyContext): Promise<void> {
  await context.transaction.query('INSERT INTO effects VALUES ($1, 1)', [context.key]);
  await context.publish('bank', 'paid', { amount: 1 }, { headers: { lane: 1 } });
  await context.publish('bank', 'booked', 'now', { key: `of:${context.key}` });
}

describe('messages of work in a transaction', () => {
  it('wait in the outbox once it has committed, in their order, and are not written again for a duplicate', async () => {
    const { service } = engine();
    expect(await service.run(key, transfer, transactional)).toMatchObject({ kind: 'executed' });
    expect(await service.run(key, transfer, transactional)).toMatchObject({ kind: 'replayed' });
    expect(await waitingMessages(database.own.pool, key)).toEqual([
      {
        exchange: 'bank',
        routing_key: 'paid',
        content: '{"amount":1}',
        headers: '{"lane":1}',
        message_key: expect.stringMatching(/^[\w-]{43}$/),
      },
      {
        exchange: 'bank',
        routing_key: 'booked',
        content: '"now"',
        headers: '{}',
        message_key: `of:${key}`,
      },
    ]);
  });

  it.each([
    { what: 'throws', settings: {}, end: () => Promise.reject(new Error('after the messages')) },
    {
      what: 'throws what is remembered',
      settings: { rememberError: () => true },
      end: () => Promise.reject(new Error('declined')),
    },
    { what: 'has a result that is not final', settings: { rememberResult: () => false }, end: () => {} },
    { what: 'has a result that cannot be recorded', settings: {}, end: () => 10n },
    {
      what: 'has lost its lease',
      settings: {},
      // Has the effect of time without waiting for it.
      end: () => database.own.pool.query('UPDATE idempotency_keys SET held_until = 1 WHERE key = $1', [key]),
    },
  ])('are gone if it $what', async ({ settings, end }) => {
    let written = 0;
    const work = async (context: IdempotencyContext): Promise<unknown> => {
      await transfer(context);
      written = (await context.transaction.query('SELECT FROM idempotency_outbox WHERE key = $1', [key])).rows
        .length;
      return end();
    };
    await engine()
      .service.run(key, work, { ...transactional, ...settings })
      .catch(() => undefined);
    expect(written).toBe(2);
    expect(await waitingMessages(database.own.pool, key)).toEqual([]);
    expect(await database.effectsOf(key)).toBe(0);
  });

  it('have the same keys in each attempt, and each time that the database refuses the transaction', async () => {
    const { service, heard } = engine();
    const seen: unknown[] = [];
    let attempts = 0;
    const work = async (context: IdempotencyContext) => {
      attempts += 1;
      await context.publish('bank', 'paid', attempts);
      const { rows } = await context.transaction.query(
        'SELECT message_key FROM idempotency_outbox WHERE key = $1',
        [key],
      );
      seen.push(...rows);
      if (attempts === 1) throw new Error('the first attempt');
      if (attempts === 2) await context.transaction.query(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`);
    };
    await expect(service.run(key, work, transactional)).rejects.toThrow('the first attempt');
    await service.run(key, work, transactional);
    expect(heard).toContain('transaction-repeated');
    expect(seen).toHaveLength(3);
    expect(seen).toEqual([seen[0], seen[0], seen[0]]);
    expect(await waitingMessages(database.own.pool, key)).toMatchObject([{ content: '3' }]);
  });
});

describe('context.publish()', () => {
  const publish = (context: IdempotencyContext) => context.publish('bank', 'paid', {});

  it('is refused to work without a transaction', async () => {
    await expect(engine().service.run(key, publish, { scope })).rejects.toThrow(
      "context.publish() in the scope 'transfer' needs the option 'transaction: true'",
    );
  });

  it('is refused if the module has no outbox', async () => {
    await expect(database.engine().service.run(key, publish, transactional)).rejects.toThrow(
      "needs the module's option 'outbox', such as new OutboxRelay(pool, { publish })",
    );
  });

  it('is refused for a message that cannot be sent, and nothing of the work is kept', async () => {
    const run = engine().service.run(
      key,
      async (context) => {
        await transfer(context);
        await context.publish('bank', 'paid', { total: 1n });
      },
      transactional,
    );
    await expect(run).rejects.toThrow("it has a bigint in 'total'");
    expect(await database.effectsOf(key)).toBe(0);
  });

  it('is refused after the end of the work, where it would be written without the effect', async () => {
    let late: (() => Promise<void>) | undefined;
    const work = async (context: IdempotencyContext) => {
      late = () => publish(context);
    };
    await engine().service.run(key, work, transactional);
    await expect(late?.()).rejects.toThrow('was called after the end of the work; await it in the work');
    expect(await waitingMessages(database.own.pool, key)).toEqual([]);
  });

  it('says what to do if there is no table', async () => {
    const { service } = database.engine({ outbox: new PostgresOutbox({ table: 'no_such_table' }) });
    await expect(service.run(key, publish, transactional)).rejects.toThrow('call migrate() of the store');
  });

  it('needs the transactions of the module', () => {
    const withoutTransactions = { outbox: new PostgresOutbox(), transactions: undefined };
    expect(() => database.engine(withoutTransactions)).toThrow("outbox needs the option 'transactions'");
  });
});

describe('messages that are written outside of a handler', () => {
  const outbox = new PostgresOutbox();
  const message = (place: number, fields: Partial<NewMessage> = {}): NewMessage => ({
    ...{ scope, key, exchange: 'bank', routingKey: `paid.${place}`, content: String(place), headers: '{}' },
    ...{ idempotencyKey: `${key}:${place}`, ...fields },
  });

  /** A transaction over the client, and how many statements were sent in it. */
  function transactionOver(client: PoolClient) {
    const sent = { count: 0 };
    const query = (text: string, values: readonly unknown[] = []) => {
      sent.count++;
      return client.query(text, [...values]);
    };
    return { transaction: { query }, sent };
  }

  it('wait in their order, all by one statement, once the transaction has committed', async () => {
    const client = await database.own.pool.connect();
    const { transaction, sent } = transactionOver(client);
    const places = Array.from({ length: 200 }, (_, number) => number);
    await client.query('BEGIN');
    await outbox.writeAll(
      transaction,
      places.map((place) => message(place)),
    );
    expect(await waitingMessages(database.own.pool, key)).toEqual([]);
    await client.query('COMMIT');
    client.release();
    expect(sent.count).toBe(1);
    const waiting = await waitingMessages(database.own.pool, key);
    expect(waiting.map(({ content }) => Number(content))).toEqual(places);
  });

  it('keep what each of them has', async () => {
    const client = await database.own.pool.connect();
    const { transaction } = transactionOver(client);
    const other = { exchange: '', content: '{"text":"Grüße, \\u0000 世界"}', headers: '{"lane":1}' };
    await outbox.writeAll(transaction, [message(1), message(2, { ...other, idempotencyKey: 'own' })]);
    client.release();
    expect(await waitingMessages(database.own.pool, key)).toEqual([
      { exchange: 'bank', routing_key: 'paid.1', content: '1', headers: '{}', message_key: `${key}:1` },
      {
        exchange: '',
        routing_key: 'paid.2',
        content: other.content,
        headers: other.headers,
        message_key: 'own',
      },
    ]);
  });

  it('need no statement if there are none', async () => {
    const client = await database.own.pool.connect();
    const { transaction, sent } = transactionOver(client);
    await outbox.writeAll(transaction, []);
    client.release();
    expect(sent.count).toBe(0);
  });
});

describe('the table of an outbox', () => {
  it('is created beside a table of keys that exists, and by only one of several processes', async () => {
    const { pool, remove } = await ownDatabase();
    const store = new PostgresIdempotencyStore(pool);
    await store.migrate();
    await pool.query('DROP TABLE idempotency_outbox');
    await Promise.all([store.migrate(), store.migrate(), store.migrate()]);
    expect((await pool.query('SELECT FROM idempotency_outbox')).rows).toEqual([]);
    await remove();
  });

  it('may have another name, in another schema', async () => {
    const { pool, remove } = await ownDatabase();
    await pool.query('CREATE SCHEMA app');
    await new PostgresIdempotencyStore(pool, { table: 'app.keys', outboxTable: 'app.outbox' }).migrate();
    const outbox = new PostgresOutbox({ table: 'app.outbox' });
    const names = { scope, key, exchange: 'bank', routingKey: 'paid', idempotencyKey: key };
    await outbox.write(
      { query: (text, values) => pool.query(text, [...(values ?? [])]) },
      { ...names, content: '1', headers: '{}' },
    );
    expect((await pool.query('SELECT message_key FROM app.outbox')).rows).toEqual([{ message_key: key }]);
    await remove();
  });

  it('cannot have a name that would change the statement', () => {
    expect(() => outboxSchema('outbox; DROP TABLE users')).toThrow('must be a name or schema.name');
    expect(() => new PostgresOutbox({ table: 'o"' })).toThrow('must be a name or schema.name');
  });
});
