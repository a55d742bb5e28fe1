import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import { realClock } from 'nestjs-idempotent/testing';
import { pgbouncer, POOL_SIZE } from '../support/pgbouncer';
import { ownDatabase, poolAt, withoutWaitingForTheDisk, type OwnDatabase } from '../support/postgres-pool';
import { gathering, itKeepsTheStoreContract } from '../support/store-contract';
import { aBegin, finish, missingRecords } from '../support/store-steps';

let pooler: Awaited<ReturnType<typeof pgbouncer>>;
/** Without the pooler. */
let database: OwnDatabase;
/** More connections to the pooler than it has to the server. */
let pool: Pool;
let store: PostgresIdempotencyStore;

beforeAll(async () => {
  pooler = await pgbouncer();
  database = await ownDatabase();
  await withoutWaitingForTheDisk(database);
  pool = poolAt(pooler.urlOf(database.url), { max: 20 });
  store = new PostgresIdempotencyStore(pool);
  await store.migrate();
});
afterAll(async () => {
  await pool.end();
  await database.remove();
  await pooler.stop();
});

describe('pgbouncer in transaction mode', () => {
  itKeepsTheStoreContract(() => ({ store, clock: realClock }), { atOnce: 4 });
});

// Few, because some keys live for a second, and all steps of a turn must fit into it, on a busy machine, too.
describe('pgbouncer in transaction mode, 16 steps in a turn', () => {
  itKeepsTheStoreContract(() => ({ store: gathering(store, 16), clock: realClock }), { atOnce: 2 });
});

describe('many clients of pgbouncer', () => {
  it('finish 500 keys at the same time, over the few connections to the server', async () => {
    // One store shares statements; several are as many processes.
    const stores = Array.from({ length: 20 }, () => new PostgresIdempotencyStore(pool));
    const keys = Array.from({ length: 500 }, () => randomUUID());
    const ends = keys.map((key, place) => finish(stores[place % stores.length] ?? store, key));
    expect(await Promise.all(ends)).toEqual(keys.map(() => 'stored'));
    expect(await missingRecords(store, keys)).toEqual([]);
    const { rows } = await database.pool.query(
      `SELECT count(*)::integer AS connections FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    expect(rows).toEqual([{ connections: POOL_SIZE }]);
  });

  it('migrate at the same time, to a table of which there is none yet', async () => {
    const stores = Array.from({ length: 10 }, () => new PostgresIdempotencyStore(pool, { table: 'another' }));
    await Promise.all(stores.map((one) => one.migrate()));
    expect(await stores[0]?.begin(aBegin('abc'))).toMatchObject({ kind: 'acquired' });
  });
});

describe('what is kept in a session', () => {
  let clients: readonly PoolClient[];

  beforeEach(async () => {
    clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
  });
  afterEach(() => {
    for (const client of clients) client.release(true);
  });

  /** A client takes the first step on one connection to the server, and the second one on another. */
  async function onTwoConnections(first: Step, second: Step): Promise<unknown> {
    const [client, one, other] = clients;
    if (!client || !one || !other) throw new Error('three clients are needed');
    await one.query('BEGIN');
    await first(client);
    await other.query('BEGIN');
    await one.query('COMMIT');
    try {
      return await second(client);
    } finally {
      await other.query('COMMIT');
    }
  }

  type Step = (client: PoolClient) => Promise<unknown>;

  it('is lost: a statement that the driver has prepared by name', async () => {
    const named: Step = (client) => client.query({ name: 'kept', text: 'SELECT $1::integer', values: [1] });
    await expect(onTwoConnections(named, named)).rejects.toThrow('prepared statement "kept" does not exist');
  });

  it('is lost: a setting', async () => {
    const set: Step = (client) => client.query("SELECT set_config('spec.kept', 'yes', false)");
    const read: Step = async (client) =>
      (await client.query<{ kept: string | null }>("SELECT current_setting('spec.kept', true) AS kept")).rows;
    expect(await onTwoConnections(set, read)).toEqual([{ kept: null }]);
  });
});
