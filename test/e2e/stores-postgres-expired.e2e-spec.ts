import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import { eventually } from '../support/eventually';
import { ownDatabase, poolAt, type OwnDatabase } from '../support/postgres-pool';
import { aBegin, aRecord, finish, missingRecords } from '../support/store-steps';

const HOUR_MS = 3_600_000;

let database: OwnDatabase;
let pools: readonly Pool[];
/** Stores of two processes: each has its own connections. */
let stores: readonly PostgresIdempotencyStore[];

beforeEach(async () => {
  database = await ownDatabase();
  pools = [poolAt(database.url), poolAt(database.url)];
  stores = pools.map((pool) => new PostgresIdempotencyStore(pool));
  await stores[0]?.migrate();
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await database.remove();
});

async function insertRows(prefix: string, endsAgoMs: number, count: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO idempotency_keys (scope, key, claims, first_at, ends_at, delete_after)
     SELECT 'payment', $1 || number, 1, 1, at, at FROM generate_series(1, $3::integer) AS number,
       (SELECT floor(extract(epoch FROM now()) * 1000)::bigint - $2::bigint AS at) clock`,
    [prefix, endsAgoMs, count],
  );
}

async function countOf(prefix: string): Promise<number | undefined> {
  const { rows } = await database.pool.query<{ count: number }>(
    "SELECT count(*)::integer AS count FROM idempotency_keys WHERE key LIKE $1 || '%'",
    [prefix],
  );
  return rows[0]?.count;
}

/** Uses the stores until only so many rows with this prefix are left. */
async function useUntilLeft(prefix: string, count: number): Promise<void> {
  await eventually(async () => {
    await Promise.all(stores.map((store) => store.begin(aBegin(randomUUID()))));
    expect(await countOf(prefix)).toBe(count);
  });
}

/** `taken`: another owner has or had the key. */
async function finishUnlessTaken(store: PostgresIdempotencyStore, key: string): Promise<string> {
  try {
    return await finish(store, key);
  } catch (error) {
    if (error instanceof Error && error.message.includes('was not acquired')) return 'taken';
    throw error;
  }
}

describe('rows that have expired', () => {
  it('are deleted by the stores that are used, and rows that live stay', async () => {
    const held = aBegin('live-held');
    await stores[0]?.begin(held);
    await insertRows('expired-', 1, 3_500);
    await insertRows('live-', -HOUR_MS, 1_500);
    await useUntilLeft('expired-', 0);
    expect(await countOf('live-')).toBe(1_501);
    expect(await stores[0]?.complete({ ...held, record: aRecord() })).toEqual({ kind: 'stored' });
  });

  it('are deleted while another transaction holds one of them', async () => {
    await insertRows('expired-', 1, 1_500);
    const holder = await database.pool.connect();
    await holder.query("BEGIN; SELECT FROM idempotency_keys WHERE key = 'expired-1' FOR UPDATE");
    await useUntilLeft('expired-', 1);
    await holder.query('COMMIT');
    holder.release();
    await useUntilLeft('expired-', 0);
  });

  it('are used again and deleted at the same time by two stores, without a deadlock or a lost record', async () => {
    await insertRows('key-', 1, 20_000);
    const keys = Array.from({ length: 2_000 }, (_, number) => `key-${(number + 1) * 10}`);
    for (let from = 0; from < keys.length; from += 100) {
      const some = keys.slice(from, from + 100);
      const [ends, others] = await Promise.all(
        stores.map((store, place) =>
          // The same keys from both ends, so that rows would be locked in another order.
          Promise.all((place === 0 ? some : [...some].reverse()).map((key) => finishUnlessTaken(store, key))),
        ),
      );
      expect(ends?.map((end, place) => [end, others?.at(-1 - place)].sort())).toEqual(
        some.map(() => ['stored', 'taken']),
      );
    }
    await useUntilLeft('key-', keys.length);
    const [store] = stores;
    expect(store && (await missingRecords(store, keys))).toEqual([]);
    const { rows } = await database.pool.query(
      'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(rows).toEqual([{ deadlocks: 0 }]);
  });
});
