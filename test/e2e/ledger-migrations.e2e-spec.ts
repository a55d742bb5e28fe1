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

  it('run once, although several processes start at the same time', async () => {
    const services = await Promise.all(['one', 'two', 'three'].map(start));
    await Promise.all(services.map((service) => service.untilHealthy('ready')));
    expect(await marks()).toEqual([{ name: '0001-payments.sql' }, { name: 'outbox' }]);
    const done = services.flatMap(({ output }) => output.match(/migration \S+ is done/g) ?? []);
    expect(done.sort()).toEqual(['migration 0001-payments.sql is done', 'migration outbox is done']);
    await Promise.all(services.map((service) => service.terminate()));
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
