import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually';
import { contentOf, keyOf, OutboxBroker } from '../support/outbox-broker';
import { OutboxProcess, type ProcessOptions } from '../support/outbox-process';
import { poolAt } from '../support/postgres-pool';
import { EffectsDatabase } from '../support/transactional-engine';
import { waitingMessages } from '../support/waiting-messages';

/** Longer than a test. */
const NEVER_MS = 600_000;

let database: EffectsDatabase;
let broker: OutboxBroker;
let key: string;

const opened: OutboxProcess[] = [];

/** A process of an application, which ends with the test. */
async function open(options?: ProcessOptions): Promise<OutboxProcess> {
  const one = await OutboxProcess.open(database, broker, options);
  opened.push(one);
  return one;
}

beforeAll(async () => {
  [database, broker] = await Promise.all([EffectsDatabase.create(), OutboxBroker.open()]);
});
beforeEach(async () => {
  key = randomUUID();
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.stop()));
  await database.own.pool.query('DELETE FROM idempotency_outbox');
  await broker.take();
});
afterAll(async () => {
  await broker.close();
  await database.remove();
});

describe('a relay', () => {
  it('publishes a message after the commit of its own process, without waiting for the next poll', async () => {
    const own = await open({ pollMs: NEVER_MS });
    own.relay.start();
    await own.write(key, [{ amount: 1 }]);
    await eventually(() => own.published().length === 1);
    const [message] = await broker.take();
    expect(message && contentOf(message)).toEqual({ amount: 1 });
    expect(message?.properties).toMatchObject({
      deliveryMode: 2,
      contentType: 'application/json',
      messageId: own.published()[0],
      headers: { 'idempotency-key': own.published()[0] },
    });
    expect(Math.abs(Number(message?.properties.timestamp) - Date.now() / 1000)).toBeLessThan(60);
    await eventually(async () => (await waitingMessages(database.own.pool, key)).length === 0);
  });

  it('publishes what other processes have written', async () => {
    const [writer, other] = [await open(), await open()];
    other.relay.start();
    await writer.write(key, [1, 2]);
    await eventually(() => other.published().length === 2);
    expect((await broker.take()).map(contentOf)).toEqual([1, 2]);
  });

  it('keeps nothing in a session: each transaction may have another connection', async () => {
    const own = await open({
      pool: poolAt(database.own.url, { maxUses: 1 }),
    });
    own.relay.start();
    await own.write(key, [1, 2, 3]);
    await own.write(randomUUID(), [4]);
    await eventually(() => own.published().length === 4);
    expect(own.events.every(({ kind }) => kind === 'published')).toBe(true);
  });

  it('tells how many messages wait, and for how long', async () => {
    const own = await open();
    expect(await own.relay.lag()).toEqual({ waiting: 0, oldestMs: 0 });
    await own.write(key, [1, 2]);
    await database.own.pool.query('UPDATE idempotency_outbox SET created_at = created_at - 60000');
    const { waiting, oldestMs } = await own.relay.lag();
    expect(waiting).toBe(2);
    expect(oldestMs).toBeGreaterThanOrEqual(60_000);
    own.relay.start();
    await eventually(() => own.published().length === 2);
    const [event] = own.events;
    expect(event?.kind === 'published' && event.lagMs >= 60_000).toBe(true);
  });

  it('ends its batch when it is stopped, and leaves the rest of it to others', async () => {
    let confirm = () => {};
    const confirmed = new Promise<void>((resolve) => (confirm = resolve));
    const own = await open({
      around: async (message, publish) => {
        await publish(message);
        await confirmed;
      },
    });
    own.relay.start();
    await own.write(key, ['first', 'second']);
    await eventually(async () => (await broker.take()).length === 1);
    const stopped = own.stop();
    confirm();
    await stopped;
    expect(own.published()).toHaveLength(1);
    expect(await waitingMessages(database.own.pool, key)).toMatchObject([{ content: '"second"' }]);
  });

  it('publishes what waits when it is flushed, also more than a batch', async () => {
    const MESSAGES = 150;
    const own = await open();
    await Promise.all(Array.from({ length: MESSAGES }, (_, place) => own.write(randomUUID(), [place])));
    await own.relay.flush();
    expect(own.published()).toHaveLength(MESSAGES);
    expect(await broker.take()).toHaveLength(MESSAGES);
    expect(await own.relay.lag()).toEqual({ waiting: 0, oldestMs: 0 });
  });

  it('ends a flush in which a publish fails, and the message stays', async () => {
    const own = await open();
    await own.write(key, ['unbound'], { routingKey: 'nowhere' });
    await own.relay.flush();
    expect(own.failures()).toHaveLength(1);
    expect(await waitingMessages(database.own.pool, key)).toHaveLength(1);
  });
});

describe('several relays', () => {
  it('publish each message, once, and those of a request in their order', async () => {
    const KEYS = 200;
    const relays = await Promise.all(Array.from({ length: 3 }, () => open()));
    const [writer] = relays;
    if (!writer) throw new Error('no relay');
    const keys = Array.from({ length: KEYS }, () => randomUUID());
    const write = (part: readonly string[]) =>
      Promise.all(
        part.map((name) =>
          writer.write(
            name,
            [0, 1, 2, 3, 4].map((place) => [name, place]),
          ),
        ),
      );
    // The first half is more than a batch holds, and the second comes while it is published.
    await write(keys.slice(0, KEYS / 2));
    for (const { relay } of relays) relay.start();
    await write(keys.slice(KEYS / 2));
    await eventually(() => relays.flatMap((one) => one.published()).length >= 5 * KEYS, { withinMs: 40_000 });
    await Promise.all(relays.map((one) => one.stop()));
    const places = new Map<string, number[]>();
    for (const message of await broker.take()) {
      const [name, place] = contentOf(message) as [string, number];
      places.set(name, [...(places.get(name) ?? []), place]);
    }
    expect(places.size).toBe(KEYS);
    expect([...places.values()].filter((all) => all.join() !== '0,1,2,3,4')).toEqual([]);
    expect((await database.own.pool.query('SELECT FROM idempotency_outbox')).rows).toEqual([]);
  });
});

describe('a message that cannot be published', () => {
  it('lets those of other requests go on, keeps its own back, and arrives once its exchange exists', async () => {
    const own = await open();
    await own.write(key, ['one', 'two'], { exchange: 'later' });
    own.relay.start();
    await eventually(() => own.failures().length > 1);
    await own.write(randomUUID(), ['other']);
    await eventually(() => own.published().length === 1);
    expect((await broker.take()).map(contentOf)).toEqual(['other']);
    expect(own.failures().map(({ failures }) => failures)).toEqual(
      own.failures().map((_, place) => place + 1),
    );
    expect(String(own.failures()[0]?.error)).toContain("no exchange 'later'");
    expect(await waitingMessages(database.own.pool, key)).toHaveLength(2);
    await broker.declare('later', 'paid');
    await eventually(() => own.published().length === 3, { withinMs: 40_000 });
    expect((await broker.take()).map(contentOf)).toEqual(['one', 'two']);
  });

  it('does not hold up what is written while it waits for its confirm', async () => {
    let confirm = () => {};
    const confirmed = new Promise<void>((resolve) => (confirm = resolve));
    const own = await open({
      publishTimeoutMs: NEVER_MS,
      around: async (message, publish) => {
        await publish(message);
        if (message.key === key) await confirmed;
      },
    });
    own.relay.start();
    await own.write(key, ['slow']);
    await eventually(async () => (await broker.take()).length === 1);
    await own.write(randomUUID(), ['other']);
    await eventually(() => own.published().length === 1);
    expect((await broker.take()).map(contentOf)).toEqual(['other']);
    confirm();
    await own.stop();
    expect(own.published()).toHaveLength(2);
  });

  it('arrives once a queue is bound for it', async () => {
    const own = await open();
    await own.write(key, ['unbound'], { routingKey: 'nowhere' });
    own.relay.start();
    await eventually(() => own.failures().length > 0);
    expect(String(own.failures()[0]?.error)).toContain(
      "RabbitMQ has no queue for a message to 'bank' (nowhere)",
    );
    await broker.declare('bank', 'nowhere');
    await eventually(() => own.published().length === 1);
    expect((await broker.take()).map(contentOf)).toEqual(['unbound']);
  });

  it('does not fill the batches, however many there are', async () => {
    const own = await open();
    // More than all batches at a time hold, and older than the good one.
    await database.own.pool.query(
      `INSERT INTO idempotency_outbox (scope, key, exchange, routing_key, content, headers, message_key, created_at, due_at)
      SELECT 'transfer', 'poison-' || n, 'missing', 'paid', '1', '{}', 'poison-' || n, 0, 0 FROM generate_series(1, 600) n`,
    );
    await own.write(key, ['good']);
    own.relay.start();
    await eventually(() => own.published().length === 1);
    expect((await broker.take()).map(contentOf)).toEqual(['good']);
    expect(own.failures().length).toBeGreaterThanOrEqual(200);
  });

  it('is tried again if it is not confirmed in time, with the same key', async () => {
    let isLate = true;
    const own = await open({
      publishTimeoutMs: 200,
      around: async (message, publish) => {
        await publish(message);
        if (isLate) await new Promise(() => {});
      },
    });
    await own.write(key, ['late']);
    own.relay.start();
    await eventually(() => own.failures().length > 0);
    expect(String(own.failures()[0]?.error)).toContain('has not resolved within 200 ms');
    isLate = false;
    await eventually(() => own.published().length === 1);
    await own.stop();
    const keys = (await broker.take()).map(keyOf);
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys)).toEqual(new Set(own.published()));
  });
});
