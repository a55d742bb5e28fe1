import { outboxSchema } from 'nestjs-idempotent/postgres';
import { ownDatabase, type OwnDatabase } from '../support/postgres-pool';
import { useWorld } from '../support/world';

describe('the migrations of the ledger', () => {
  const world = useWorld({ services: 0 });
  let database: OwnDatabase;

  beforeEach(async () => {
    database = await ownDatabase();
  });
  afterEach(() => database.remove());

  const start = (name: string) =>
    world.startService({ env: { DATABASE_URL: database.url }, waitFor: 'none', name });
  const marks = async () =>
    (await database.pool.query<{ name: string }>('SELECT name FROM ledger_migrations ORDER BY name')).rows;
  /** The columns and indexes of a table, without its name. */
  const structureOf = async (table: string) => {
    const columns = await database.pool.query(
      `SELECT attname, attnum, format_type(atttypid, atttypmod), attcollation, attnotnull, attidentity,
         pg_get_expr(adbin, adrelid)
       FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       WHERE attrelid = to_regclass($1) AND attnum > 0 ORDER BY attnum`,
      [table],
    );
    const indexes = await database.pool.query(
      `SELECT replace(indexdef, tablename, 'the_table') AS indexdef FROM pg_indexes WHERE tablename = $1 ORDER BY 1`,
      [table],
    );
    return { columns: columns.rows, indexes: indexes.rows };
  };

  it('run once, although several processes start at the same time', async () => {
    const services = await Promise.all(['one', 'two', 'three'].map(start));
    await Promise.all(services.map((service) => service.untilHealthy('ready')));
    expect(await marks()).toEqual([{ name: '0001-payments.sql' }, { name: '0002-outbox.sql' }]);
    const done = services.flatMap(({ output }) => output.match(/migration \S+ is done/g) ?? []);
    expect(done.sort()).toEqual(['migration 0001-payments.sql is done', 'migration 0002-outbox.sql is done']);
    await Promise.all(services.map((service) => service.terminate()));
  });

  it("make the table of the library's outbox, as this version of the library needs it", async () => {
    const service = await start('outbox');
    await service.untilHealthy('ready');
    await database.pool.query(outboxSchema('made_by_the_library'));
    const { columns, indexes } = await structureOf('payment_outbox');
    expect(columns).toHaveLength(11);
    expect(indexes).toHaveLength(2);
    expect({ columns, indexes }).toEqual(await structureOf('made_by_the_library'));
    await service.terminate();
  });

  it('go on in a ledger whose outbox was made by the library', async () => {
    await database.pool.query(outboxSchema('payment_outbox'));
    const service = await start('older');
    await service.untilHealthy('ready');
    expect(await marks()).toHaveLength(2);
    await service.terminate();
  });

  it('that were half done by hand end the start with their name, and change nothing', async () => {
    await database.pool.query('CREATE TABLE payments (key text PRIMARY KEY)');
    const service = await start('half-done');
    const { code } = await service.exited;
    expect(code).toBe(1);
    expect(service.output).toContain(
      'the ledger\'s migration 0001-payments.sql cannot run: relation "payments" already exists',
    );
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    expect(rows).toEqual([{ name: 'payments' }]);
    world.services.pop();
  });

  it('that were another text when they ran end the start with their name', async () => {
    const first = await start('first');
    await first.untilHealthy('ready');
    await first.terminate();
    await database.pool.query(
      `UPDATE ledger_migrations SET sha256 = 'other' WHERE name = '0001-payments.sql'`,
    );
    const second = await start('second');
    expect((await second.exited).code).toBe(1);
    expect(second.output).toContain('migration 0001-payments.sql was another text when it ran');
    world.services.pop();
  });
});
