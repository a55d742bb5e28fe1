import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { StoreUnavailableError, type IdempotencyStore } from 'nestjs-idempotent';
import { PostgresIdempotencyStore, postgresSchema } from 'nestjs-idempotent/postgres';
import { eventually } from '../support/eventually';
import { ownDatabase, poolAt, poolOfRole, type OwnDatabase } from '../support/postgres-pool';
import { aBegin, aRecord, finish } from '../support/store-steps';

const TABLE = 'idempotency_keys';
const EVERY_RIGHT = `SELECT, INSERT, UPDATE, DELETE ON ${TABLE}`;

const removals: (() => Promise<void>)[] = [];
let database: OwnDatabase;

beforeEach(async () => {
  database = await aDatabase();
});
afterEach(async () => {
  for (const remove of removals.splice(0).reverse()) await remove();
});

async function aDatabase(createdWith?: string): Promise<OwnDatabase> {
  const own = await ownDatabase(createdWith);
  removals.push(own.remove);
  return own;
}

/** A store of a role with these rights only. */
async function storeOfRole(grant?: string): Promise<{ store: PostgresIdempotencyStore; role: string }> {
  const { pool, role, remove } = await poolOfRole(database, grant);
  removals.push(remove);
  return { store: new PostgresIdempotencyStore(pool), role };
}

async function migrated(own = database): Promise<PostgresIdempotencyStore> {
  const store = new PostgresIdempotencyStore(own.pool);
  await store.migrate();
  return store;
}

const owner = { scope: 'payment', key: 'abc', ownerToken: randomUUID() };
const reading = { find: (store: IdempotencyStore) => store.find(owner) };
const writing = {
  begin: (store: IdempotencyStore) => store.begin(aBegin('abc')),
  complete: (store: IdempotencyStore) => store.complete({ ...owner, ttlSeconds: 60, record: aRecord() }),
  extend: (store: IdempotencyStore) => store.extend(owner, 1_000),
  release: (store: IdempotencyStore) => store.release(owner, { counting: 'counted' }),
  forget: (store: IdempotencyStore) => store.forget(owner),
  probe: (store: IdempotencyStore) => store.probe(),
};

/** What each step says that the store cannot take; the name of a step that it took has no message. */
async function messagesOf(
  store: IdempotencyStore,
  steps: Record<string, (store: IdempotencyStore) => Promise<unknown>>,
): Promise<string[]> {
  const messages = Object.entries(steps).map(async ([name, step]) =>
    step(store).then(
      () => `${name} was taken`,
      (error: unknown) =>
        error instanceof StoreUnavailableError ? error.message : `not that: ${String(error)}`,
    ),
  );
  return Promise.all(messages);
}

/** What each of these steps says, by {@link messagesOf}. */
function each(steps: object, message: string): unknown[] {
  return Object.keys(steps).map((name): unknown =>
    expect.stringMatching(new RegExp(`'${name}'.*${message}`)),
  );
}

describe('a table that does not exist', () => {
  const every = { ...reading, ...writing };

  it('is named by every step, with what creates it', async () => {
    const store = new PostgresIdempotencyStore(database.pool);
    expect(await messagesOf(store, every)).toEqual(
      each(every, `relation "${TABLE}" does not exist; call migrate\\(\\).*SQL that postgresSchema\\(\\)`),
    );
  });

  it('is used once it exists, without a restart', async () => {
    const store = new PostgresIdempotencyStore(database.pool);
    await expect(finish(store, 'early')).rejects.toBeInstanceOf(StoreUnavailableError);
    await database.pool.query(postgresSchema());
    expect(await finish(store, 'early')).toBe('stored');
    expect(await store.probe()).toEqual([]);
  });
});

describe('a role with too few rights', () => {
  it('that may only read, is told what to grant, by each step that writes', async () => {
    await migrated();
    const { store } = await storeOfRole(`SELECT ON ${TABLE}`);
    expect(await messagesOf(store, writing)).toEqual(
      each(
        writing,
        `permission denied for table ${TABLE}; .*GRANT SELECT, INSERT, UPDATE, DELETE ON "${TABLE}"`,
      ),
    );
    expect(await store.find(owner)).toMatchObject({ attempts: 0 });
  });

  it('that may not delete, works, and the probe warns that the table grows', async () => {
    await migrated();
    const { store } = await storeOfRole(`SELECT, INSERT, UPDATE ON ${TABLE}`);
    const request = aBegin('undeleted');
    expect(await store.begin(request)).toMatchObject({ kind: 'acquired' });
    expect(await store.extend(request, 60_000)).toBe('extended');
    expect(await store.release(request, { counting: 'counted' })).toBe('released');
    expect(await finish(store, 'undeleted')).toBe('stored');
    const warning = { code: 'not-deleted', message: expect.stringMatching(/permission denied.*DELETE/) };
    await eventually(async () => expect(await store.probe()).toEqual([warning]));
  });

  it('that gets the right to delete, is not warned about any more', async () => {
    await migrated();
    const { store, role } = await storeOfRole(`SELECT, INSERT, UPDATE ON ${TABLE}`);
    await store.begin(aBegin(randomUUID()));
    await eventually(async () => expect(await store.probe()).toHaveLength(1));
    await database.pool.query(`GRANT DELETE ON ${TABLE} TO ${role}`);
    expect(await store.probe()).toEqual([]);
  });

  it('that may not create tables, migrates if the table exists', async () => {
    await migrated();
    const { store } = await storeOfRole(EVERY_RIGHT);
    await store.migrate();
    expect(await finish(store, 'abc')).toBe('stored');
  });

  it('that may not create tables, is told who must do it if there is none', async () => {
    await database.pool.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    const { store } = await storeOfRole();
    await expect(store.migrate()).rejects.toThrow(
      /permission denied for schema public; "idempotency_keys" does not exist, .*as another role.*postgresSchema\(\)/,
    );
  });
});

describe('a table that is not of this version', () => {
  it.each([
    ['lacks a column', `ALTER TABLE ${TABLE} DROP COLUMN claims`],
    ['has a column of another type', `ALTER TABLE ${TABLE} ALTER COLUMN owner TYPE bytea USING NULL`],
    [
      'has no primary key, so that a key would have two owners',
      `ALTER TABLE ${TABLE} DROP CONSTRAINT ${TABLE}_pkey`,
    ],
  ])('is refused if it %s', async (_, change) => {
    const store = await migrated();
    await database.pool.query(change);
    const [message] = await messagesOf(store, { begin: writing.begin });
    expect(message).toMatch(
      /"idempotency_keys" is not a table of this version: name another one in the option 'table'/,
    );
    const { rows } = await database.pool.query(`SELECT FROM ${TABLE}`);
    expect(rows).toEqual([]);
  });
});

describe('a server that only reads', () => {
  it('is refused by each step that writes, and by the probe', async () => {
    await migrated();
    const name = new URL(database.url).pathname.slice(1);
    await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const pool = poolAt(database.url);
    removals.push(() => pool.end());
    const store = new PostgresIdempotencyStore(pool);
    expect(await messagesOf(store, writing)).toEqual(
      each(writing, 'read-only transaction; the store needs the primary, not a standby'),
    );
    await expect(new PostgresIdempotencyStore(pool, { table: 'another' }).migrate()).rejects.toThrow(
      /read-only transaction; the store needs the primary/,
    );
  });
});

describe('migrate()', () => {
  it('succeeds for ten processes at the same time, and again', async () => {
    const pools = Array.from({ length: 10 }, () => poolAt(database.url, { max: 1 }));
    const stores = pools.map((pool) => new PostgresIdempotencyStore(pool));
    // Connections first, so that the statements arrive together.
    await Promise.all(pools.map((pool) => pool.query('SELECT 1')));
    await Promise.all(stores.map((store) => store.migrate()));
    await Promise.all(stores.map((store) => store.migrate()));
    expect(await Promise.all(stores.map((store, place) => finish(store, `of ${place}`)))).toEqual(
      pools.map(() => 'stored'),
    );
    await Promise.all(pools.map((pool) => pool.end()));
  });

  it.each(['LATIN1', 'SQL_ASCII'])('refuses a database with the encoding %s', async (encoding) => {
    const own = await aDatabase(`TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`);
    await expect(migrated(own)).rejects.toThrow(
      `the encoding of the database is ${encoding}, which cannot hold every result; create the database with ENCODING 'UTF8'`,
    );
  });

  it('says that the schema of the table does not exist', async () => {
    const store = new PostgresIdempotencyStore(database.pool, { table: 'nowhere.keys' });
    await expect(store.migrate()).rejects.toThrow(/schema "nowhere" does not exist; create the schema first/);
  });
});

describe('a store that is constructed with wrong options', () => {
  it('refuses a pool that would wait for ever for a connection', () => {
    const pool = new Pool({ connectionString: database.url });
    expect(() => new PostgresIdempotencyStore(pool)).toThrow('set connectionTimeoutMillis of the pool');
  });

  it.each(['', 'Keys', 'a.b.c', 'a"b', 'keys; DROP TABLE x', '1st', 'schlüssel', 'a'.repeat(64)])(
    "refuses the table '%s'",
    (table) => {
      const rule = `small letters, digits and underscores, at most 63 each, not '${table}'`;
      expect(() => new PostgresIdempotencyStore(database.pool, { table })).toThrow(rule);
      expect(() => postgresSchema(table)).toThrow(rule);
    },
  );

  it.each([0, -1, 1.5, Number.NaN, Infinity])('refuses %p as a time limit: it would be none', (timeoutMs) => {
    expect(() => new PostgresIdempotencyStore(database.pool, { timeoutMs })).toThrow(
      'timeoutMs must be a whole number from 1',
    );
  });
});
