import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { StoreUnavailableError, type IdempotencyStore } from 'nestjs-idempotent';
import { PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import type { Server } from '../../scripts/services/server';
import { eventually } from '../support/eventually';
import { privatePostgresql } from '../support/postgres';
import { ownDatabase, poolAt, type OwnDatabase } from '../support/postgres-pool';
import {
  aBegin,
  aRecord,
  finish,
  missingRecords,
  StoreLoad,
  unlessUnavailable,
} from '../support/store-steps';

const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;
const TIMES = [
  'held_until',
  'first_at',
  'doubt_at',
  'finished_at',
  'record_until',
  'ends_at',
  'delete_after',
];

const removals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const remove of removals.splice(0).reverse()) await remove();
});

async function migratedDatabase(): Promise<OwnDatabase> {
  const database = await ownDatabase();
  removals.push(database.remove);
  await new PostgresIdempotencyStore(database.pool).migrate();
  return database;
}

/** A store of another process: it has its own connections. */
function storeAt(url: string): PostgresIdempotencyStore {
  const pool = poolAt(url, { max: 4 });
  removals.push(() => pool.end());
  return new PostgresIdempotencyStore(pool);
}

/** Read over new connections: an idle one of the load may have ended, and its client does not know yet. */
function missingAt({ url }: Server, { acknowledged }: StoreLoad): Promise<string[]> {
  return missingRecords(storeAt(url), acknowledged);
}

describe('a clock of the server that jumps while a key is in progress', () => {
  const request = () => aBegin('abc', { ttlSeconds: DAY_SECONDS });
  let pool: Pool;
  let store: PostgresIdempotencyStore;

  beforeEach(async () => {
    ({ pool } = await migratedDatabase());
    store = new PostgresIdempotencyStore(pool);
  });

  /** As if the clock had jumped by this time: all stored times are shifted the other way. */
  async function jump(ms: number): Promise<void> {
    const changes = TIMES.map((column) => `${column} = ${column} - ${ms}`);
    await pool.query(`UPDATE idempotency_keys SET ${changes.join(', ')}`);
  }

  it('forwards by an hour: the next owner has a greater fencing token, and only its record is stored', async () => {
    const former = request();
    expect(await store.begin(former)).toMatchObject({ kind: 'acquired', claim: { fencingToken: 1 } });
    await jump(HOUR_MS);
    const late = { ...former, record: aRecord({ result: 'former' }) };
    expect(await store.complete(late)).toEqual({ kind: 'lost', record: undefined });
    expect(await store.extend(former, 60_000)).toBe('lost');
    const next = request();
    expect(await store.begin(next)).toMatchObject({
      kind: 'acquired',
      claim: { fencingToken: 2, attempt: 2 },
    });
    expect(await store.complete(late)).toEqual({ kind: 'lost', record: undefined });
    const record = aRecord({ result: 'next', fencingToken: 2 });
    expect(await store.complete({ ...next, record })).toEqual({ kind: 'stored' });
    expect(await store.complete(late)).toEqual({ kind: 'lost', record });
    expect(await store.begin(request())).toEqual({ kind: 'completed', record });
  });

  it('backwards by an hour: the owner completes, and its record is replayed', async () => {
    const owner = request();
    await store.begin(owner);
    await jump(-HOUR_MS);
    expect(await store.begin(request())).toMatchObject({ kind: 'in-progress' });
    const record = aRecord({ result: 'owner' });
    expect(await store.complete({ ...owner, record })).toEqual({ kind: 'stored' });
    expect(await store.begin(request())).toEqual({ kind: 'completed', record });
    expect(await store.complete({ ...owner, record })).toEqual({ kind: 'lost', record });
  });

  it('backwards by an hour: a renewal ends the lease when it would have ended', async () => {
    const owner = request();
    await store.begin(owner);
    await jump(-HOUR_MS);
    expect(await store.extend(owner, 60_000)).toBe('extended');
    const { remainingLeaseMs } = await store.find(owner);
    expect(remainingLeaseMs).toBeLessThanOrEqual(60_000);
  });
});

describe.each(['serializable', 'repeatable read'])('a database whose isolation is %s', (isolation) => {
  it('gives each of 200 keys to exactly one of 8 owners, and an error to none', async () => {
    const { url, pool } = await migratedDatabase();
    const name = new URL(url).pathname.slice(1);
    await pool.query(`ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`);
    const stores = Array.from({ length: 8 }, () => storeAt(url));
    const keys = Array.from({ length: 200 }, () => randomUUID());
    const kinds = await Promise.all(
      keys.map(async (key) => {
        const owners = stores.map(async (store) => {
          const request = aBegin(key);
          const { kind } = await store.begin(request);
          if (kind !== 'acquired') return kind;
          return (await store.complete({ ...request, record: aRecord({ result: key }) })).kind;
        });
        return Promise.all(owners);
      }),
    );
    expect(kinds.map((ends) => ends.filter((end) => end === 'stored').length)).toEqual(keys.map(() => 1));
    expect(new Set(kinds.flat())).not.toContain('lost');
    expect(await missingRecords(storeAt(url), keys)).toEqual([]);
  });
});

describe('a server that fails', () => {
  let server: Server;
  let pool: Pool;
  let store: PostgresIdempotencyStore;

  beforeEach(async () => {
    server = await privatePostgresql();
    removals.push(() => server.stop());
    pool = poolAt(server.url, { connectionTimeoutMillis: 1_000 });
    removals.push(() => pool.end());
    store = new PostgresIdempotencyStore(pool, { timeoutMs: 1_000 });
    await store.migrate();
  });

  it('is unavailable for every step while it is frozen, and works when it is thawed', async () => {
    const [begun, other] = [aBegin('begun'), aBegin('other')];
    await store.begin(begun);
    await server.freeze();
    const steps = (own: IdempotencyStore): Promise<unknown>[] => [
      own.begin(other),
      own.complete({ ...begun, record: aRecord() }),
      own.find(begun),
      own.probe(),
    ];
    // First on connections that exist, then on new ones.
    for (let times = 0; times < 2; times++)
      expect(await Promise.all(steps(store).map(unlessUnavailable))).toEqual(Array(4).fill('unavailable'));
    await server.thaw();
    expect(await finish(store, 'after')).toBe('stored');
    expect(await store.probe()).toEqual([]);
    // Steps that were not confirmed have been taken now, or never will be: each key has one owner and one record at most.
    expect(['in-progress', 'acquired']).toContain((await store.begin(aBegin('other'))).kind);
    expect(['in-progress', 'completed']).toContain((await store.begin(aBegin('begun'))).kind);
  });

  it('keeps every record that it has confirmed when it is killed', async () => {
    const load = new StoreLoad(store);
    for (let kills = 0; kills < 3; kills++) {
      const before = load.acknowledged.length;
      await eventually(() => load.acknowledged.length > before + 100);
      await server.kill();
      await expect(store.probe()).rejects.toBeInstanceOf(StoreUnavailableError);
      await server.restart();
    }
    const before = load.acknowledged.length;
    await eventually(() => load.acknowledged.length > before + 100);
    await load.stop();
    expect(await missingAt(server, load)).toEqual([]);
  });

  it('keeps every record that it has confirmed when connections are cut', async () => {
    const admin = poolAt(server.url, { max: 1 });
    removals.push(() => admin.end());
    const load = new StoreLoad(store);
    for (let cuts = 0; cuts < 20; cuts++) {
      const before = load.acknowledged.length;
      await eventually(() => load.acknowledged.length > before + 20);
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IS NOT NULL AND pid <> pg_backend_pid()',
      );
    }
    await load.stop();
    expect(await missingAt(server, load)).toEqual([]);
  });
});
