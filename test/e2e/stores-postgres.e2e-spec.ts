import '../support/fixed-seed';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { PostgresIdempotencyStore, postgresSchema } from 'nestjs-idempotent/postgres';
import { realClock } from 'nestjs-idempotent/testing';
import { eventually } from '../support/eventually';
import {
  ownDatabase,
  poolAt,
  recording,
  withoutWaitingForTheDisk,
  type OwnDatabase,
} from '../support/postgres-pool';
import { gathering, itKeepsTheStoreContract } from '../support/store-contract';
import { expectStoreAsModelled } from '../support/store-model';
import { aBegin, aRecord, finish } from '../support/store-steps';

const NUM_RUNS = 100;
/** So few cases at a time that, on a busy machine, what lives for a second does not expire before a step is taken. */
const AT_ONCE = 4;

let database: OwnDatabase;
/** Its sessions are new ones. */
let working: Pool;
let store: PostgresIdempotencyStore;

beforeAll(async () => {
  database = await ownDatabase();
  await withoutWaitingForTheDisk(database);
  working = poolAt(database.url);
  store = new PostgresIdempotencyStore(working);
  await store.migrate();
});
afterAll(async () => {
  await working.end();
  await database.remove();
});

describe('PostgreSQL', () => {
  itKeepsTheStoreContract(() => ({ store, clock: realClock }), { atOnce: AT_ONCE });
});

describe.each([64])('PostgreSQL, %d steps in a turn', (count) => {
  // Each case takes its steps for so many keys.
  const atOnce = AT_ONCE / 2;
  itKeepsTheStoreContract(() => ({ store: gathering(store, count), clock: realClock }), { atOnce });
});

describe('prepared statements', () => {
  const isPrepared = async (pool: Pool) =>
    (await pool.query(`SELECT FROM pg_prepared_statements WHERE name LIKE 'idempotency-%'`)).rowCount !== 0;

  itKeepsTheStoreContract(
    () => ({
      store: new PostgresIdempotencyStore(working, { preparedStatements: true }),
      clock: realClock,
    }),
    { atOnce: AT_ONCE },
  );

  it.each([true, false])('are kept in a session if they are asked for: %s', async (preparedStatements) => {
    const pool = poolAt(database.url, { max: 1 });
    const own = new PostgresIdempotencyStore(pool, {
      table: `prepared_${preparedStatements}`,
      preparedStatements,
    });
    await own.migrate();
    await finish(own, randomUUID());
    expect(await isPrepared(pool)).toBe(preparedStatements);
    await pool.end();
  });
});

describe('a table with partitions', () => {
  const table = 'partitioned_keys';

  beforeAll(async () => {
    const schema = postgresSchema(table).replace(
      ' WITH (fillfactor = 33)',
      ' PARTITION BY HASH (scope, key)',
    );
    await database.pool.query(schema);
    for (const remainder of [0, 1, 2, 3])
      await database.pool.query(
        `CREATE TABLE ${table}_${remainder} PARTITION OF ${table} FOR VALUES WITH (MODULUS 4, REMAINDER ${remainder})`,
      );
  });

  itKeepsTheStoreContract(
    () => ({
      store: new PostgresIdempotencyStore(working, { table }),
      clock: realClock,
    }),
    { atOnce: AT_ONCE },
  );
});

describe('statements', () => {
  /** How many the steps take, without those that delete expired rows from time to time. */
  async function statementsOf(steps: (own: PostgresIdempotencyStore) => Promise<unknown>): Promise<number> {
    const { pool, texts } = recording(database.pool);
    await steps(new PostgresIdempotencyStore(pool));
    return texts.filter((text) => !text.includes('DELETE')).length;
  }

  it('takes one to begin a new key, one to complete it, and one for a duplicate', async () => {
    const request = aBegin(randomUUID());
    const counts = [
      await statementsOf((own) => own.begin(request)),
      await statementsOf((own) => own.begin(aBegin(request.key))),
      await statementsOf((own) => own.complete({ ...request, record: aRecord() })),
      await statementsOf((own) => own.begin(aBegin(request.key))),
    ];
    expect(counts).toEqual([1, 1, 1, 1]);
  });

  it('takes one for the steps of a turn, and two for more than 64', async () => {
    const begin = (count: number) =>
      statementsOf((own) =>
        Promise.all(Array.from({ length: count }, () => own.begin(aBegin(randomUUID())))),
      );
    expect([await begin(64), await begin(65)]).toEqual([1, 2]);
  });

  it('takes the steps of one key in the same turn one after the other', async () => {
    const requests = [aBegin('twice-in-a-turn'), aBegin('twice-in-a-turn')];
    const replies = await Promise.all(requests.map((request) => store.begin(request)));
    expect(replies.map(({ kind }) => kind)).toEqual(['acquired', 'in-progress']);
  });

  it('does not change an index when a record replaces a claim', async () => {
    const { url, pool, remove } = await ownDatabase();
    const working = poolAt(url);
    const own = new PostgresIdempotencyStore(working);
    await own.migrate();
    const keys = Array.from({ length: 500 }, () => randomUUID());
    await Promise.all(keys.map((key) => finish(own, key)));
    // A session tells its counts when it ends.
    await working.end();
    const counts = async () =>
      (
        await pool.query<{ changed: number; without: number }>(
          `SELECT n_tup_upd::int AS changed, n_tup_hot_upd::int AS without
            FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'`,
        )
      ).rows[0];
    await eventually(async () => (await counts())?.changed === keys.length);
    expect((await counts())?.without).toBe(keys.length);
    await remove();
  });
});

describe('the PostgreSQL store', () => {
  it('answers as its model does for several owners and any order of steps', async () => {
    const change = (statement: string) => async (keys: readonly string[]) => {
      await database.pool.query(`${statement} WHERE scope = 'model' AND key = ANY ($1)`, [keys]);
    };
    await expectStoreAsModelled(
      () => ({
        store,
        endLeases: change(
          'UPDATE idempotency_keys SET held_until = CASE WHEN owner IS NULL THEN held_until ELSE 1 END',
        ),
        endAll: change('DELETE FROM idempotency_keys'),
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
