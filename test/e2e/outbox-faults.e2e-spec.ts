import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient, QueryConfig } from 'pg';
import { eventually } from '../support/eventually';
import { contentOf, keyOf, OutboxBroker } from '../support/outbox-broker';
import { OutboxProcess, type ProcessOptions } from '../support/outbox-process';
import { poolAt } from '../support/postgres-pool';
import { startOwnRabbitmq } from '../support/servers';
import { EffectsDatabase } from '../support/transactional-engine';

let database: EffectsDatabase;
let key: string;

const opened: OutboxProcess[] = [];

/** A process of an application, which ends with the test. */
async function open(broker: OutboxBroker, options?: ProcessOptions): Promise<OutboxProcess> {
  const one = await OutboxProcess.open(database, broker, options);
  opened.push(one);
  return one;
}

beforeAll(async () => {
  database = await EffectsDatabase.create();
});
beforeEach(() => {
  key = randomUUID();
});
afterEach(() => Promise.all(opened.map((one) => one.stop())));
afterAll(() => database.remove());

/** Ends the sessions whose batch has a message: it is locked, so their transactions have an id. Those without any go on. */
async function cutRelays(): Promise<void> {
  await database.own.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'idle in transaction'
      AND backend_xid IS NOT NULL`,
  );
}

/** A pool for a process that freezes before it removes what it has published, until `thaw`. */
function freezingPool(): { readonly pool: Pool; readonly frozen: Promise<void>; readonly thaw: () => void } {
  let [freeze, thaw] = [() => {}, () => {}];
  const frozen = new Promise<void>((resolve) => (freeze = resolve));
  const thawed = new Promise<void>((resolve) => (thaw = resolve));
  const pool = poolAt(database.own.url);
  const frozenClient = (client: PoolClient): PoolClient =>
    new Proxy(client, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== 'query') return member.bind(target) as unknown;
        return async (statement: QueryConfig) => {
          if (statement.text.includes('DELETE FROM')) {
            freeze();
            await thawed;
          }
          return target.query(statement);
        };
      },
    });
  const freezing = new Proxy(pool, {
    get: (target, name): unknown => {
      if (name === 'connect')
        return (take: (error: Error | undefined, client: PoolClient | undefined) => void) =>
          target.connect((error, client) => take(error, client && frozenClient(client)));
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  return { pool: freezing, frozen, thaw };
}

describe('a relay that ends between a confirm and COMMIT', () => {
  it('leaves the message to be published again with its key, so its receiver has the effect once', async () => {
    const broker = await OutboxBroker.open();
    let isCut = false;
    const own = await open(broker, {
      around: async (message, publish) => {
        await publish(message);
        if (!isCut) await cutRelays();
        isCut = true;
      },
    });
    await own.write(key, ['pay']);
    own.relay.start();
    await eventually(() => own.published().length === 2);
    expect(own.events.map(({ kind }) => kind)).toEqual(['published', 'database-failed', 'published']);
    await own.stop();

    const deliveries: string[] = [];
    const receiver = database.engine().service;
    await broker.consume(async (message) => {
      deliveries.push(keyOf(message));
      await receiver.run(
        keyOf(message),
        ({ key: name, transaction }) => transaction.query('INSERT INTO effects VALUES ($1, 1)', [name]),
        { scope: 'receiver', transaction: true },
      );
    });
    await eventually(() => deliveries.length === 2);
    const [first = '', second] = deliveries;
    expect(second).toBe(first);
    await eventually(async () => (await database.effectsOf(first)) === 1);
    await broker.close();
    expect(await database.effectsOf(first)).toBe(1);
  });
});

describe('a relay that freezes after a confirm', () => {
  it('does not keep its messages for longer than the server lets it be silent', async () => {
    const broker = await OutboxBroker.open();
    const { pool, frozen, thaw } = freezingPool();
    const one = await open(broker, { pool, publishTimeoutMs: 300 });
    await one.write(key, ['first', 'second']);
    one.relay.start();
    await frozen;
    const other = await open(broker);
    other.relay.start();
    await eventually(() => other.published().length === 2);
    thaw();
    await eventually(() => one.events.some(({ kind }) => kind === 'database-failed'));
    await Promise.all([one.stop(), other.stop()]);
    // Each publish of both is in order. The frozen process has more than one batch, so it may have tried again, too.
    const contents = (await broker.take()).map(contentOf);
    const pairs = Array.from({ length: contents.length / 2 }, (_, pair) =>
      contents.slice(2 * pair, 2 * pair + 2),
    );
    expect(pairs.length).toBeGreaterThanOrEqual(2);
    expect(new Set(pairs.map(String))).toEqual(new Set(['first,second']));
    expect(new Set(other.published())).toEqual(new Set(one.published()));
    await broker.close();
  });
});

describe('a broker that is down', () => {
  it('gets all messages when it is up again, in the order of each request', async () => {
    const server = await startOwnRabbitmq();
    const broker = await OutboxBroker.open(server);
    const own = await open(broker);
    own.relay.start();
    await own.write(randomUUID(), ['before']);
    await eventually(() => own.published().length === 1);
    await server.kill();
    const keys = Array.from({ length: 20 }, () => randomUUID());
    await Promise.all(
      keys.map((name) =>
        own.write(name, [
          [name, 0],
          [name, 1],
        ]),
      ),
    );
    // All batches at a time have met it: what is in flight when the connection ends does fail.
    await eventually(() => own.outages() > 4);
    const failures = own.failures().length;
    await server.restart();
    await eventually(() => own.published().length >= 1 + 2 * keys.length);
    expect(own.failures()).toHaveLength(failures);
    await own.stop();
    const received = (await broker.take()).map(contentOf).filter((content) => Array.isArray(content));
    for (const name of keys)
      expect(received.filter(([of]) => of === name)).toEqual([
        [name, 0],
        [name, 1],
      ]);
    await broker.close();
    await server.stop();
  });
});
