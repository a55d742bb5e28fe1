import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { realClock } from 'nestjs-idempotent/testing';
import { eventually } from '../support/eventually';
import { startOwnRedis } from '../support/servers';
import type { OwnRedis } from '../support/servers';
import { openServiceRedis } from '../support/service-redis';
import type { ServiceRedis } from '../support/service-redis';
import { itKeepsTheStoreContract } from '../support/store-contract';
import { aBegin, aRecord, finish, StoreLoad } from '../support/store-steps';

/** The socket time-out is that of the service's connection. */
const LONGER_THAN_SOCKET_TIMEOUT_MS = 4_500;

let server: OwnRedis;
let redis: ServiceRedis;
let store: RedisIdempotencyStore;
let admin: Redis;

beforeAll(async () => {
  server = await startOwnRedis();
  redis = await openServiceRedis([server.url]);
  store = new RedisIdempotencyStore(redis.client);
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await redis.close();
  await server.stop();
});

function expectWithin(value: number, [least, most]: [number, number]): void {
  expect(value).toBeGreaterThan(least);
  expect(value).toBeLessThanOrEqual(most);
}

describe('Redis standalone', () => {
  itKeepsTheStoreContract(() => ({ store, clock: realClock }));

  it('sends its scripts again to a server that has lost them', async () => {
    await admin.script('FLUSH');
    expect(await finish(store, randomUUID())).toBe('stored');
  });

  it('names its Redis keys by the contract, and sets an expiry time on each', async () => {
    const key = randomUUID();
    const request = aBegin(key, { ttlSeconds: 600, leaseMs: 30_000 });
    await store.begin(request);
    expect(await admin.get(`lock:payment:${key}`)).toMatch(
      new RegExp(`^${request.ownerToken} \\d{13} 1 0 0 `),
    );
    expectWithin(await admin.pttl(`lock:payment:${key}`), [595_000, 600_000]);
    await store.complete({ ...request, ttlSeconds: 1_200, record: aRecord() });
    expect(await admin.keys(`*${key}*`)).toEqual([`idempotent:payment:${key}`]);
    expectWithin(await admin.pttl(`idempotent:payment:${key}`), [1_195_000, 1_200_000]);
  });

  it('remembers a finished key for longer than its record only if records live for less than twice the tolerance', async () => {
    const [short, long] = [randomUUID(), randomUUID()];
    for (const [key, clockToleranceMs] of [[short, 400_000] as const, [long, 300_000] as const]) {
      const request = aBegin(key, { ttlSeconds: 600, clockToleranceMs });
      await store.begin(request);
      await store.complete({ ...request, record: aRecord() });
    }
    expect(await admin.get(`lock:payment:${short}`)).toMatch(/^= \d{13} 1 0 0 /);
    expectWithin(await admin.pttl(`lock:payment:${short}`), [995_000, 1_000_000]);
    expect(await admin.exists(`lock:payment:${long}`)).toBe(0);
  });

  it('keeps a claim for its life during extensions, and longer by the wait of a release', async () => {
    const request = aBegin(randomUUID(), { ttlSeconds: 600 });
    const lifeMs = () => admin.pttl(`lock:payment:${request.key}`);
    await store.begin(request);
    await store.extend(request, 1_000);
    expectWithin(await lifeMs(), [595_000, 600_000]);
    await store.extend(request, 900_000);
    expectWithin(await lifeMs(), [895_000, 900_000]);
    await store.release(request, { counting: 'counted', backoffMs: 100_000 });
    expectWithin(await lifeMs(), [995_000, 1_000_000]);
  });
});

describe('a connection that was lost while steps were in flight', () => {
  it('is opened again once; the time-out of the lost connection does not close the new one', async () => {
    const closed: string[] = [];
    redis.client.on('close', () => closed.push('closed'));
    const load = new StoreLoad(store);
    await eventually(() => load.acknowledged.length >= 100);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const lostAt = Date.now();
    await eventually(() => Date.now() > lostAt + LONGER_THAN_SOCKET_TIMEOUT_MS);
    await load.stop();
    expect(closed).toEqual(['closed']);
  });
});

describe('a lock that this store did not write', () => {
  it.each([
    { text: 'the token of another program', lifeMs: 60_000 },
    { text: '1', lifeMs: 60_000 },
    { text: 'without an expiry time', lifeMs: undefined },
  ])('is in progress for its remaining life, and stays: $text', async ({ text, lifeMs }) => {
    const request = aBegin(randomUUID());
    const lock = `lock:payment:${request.key}`;
    await (lifeMs === undefined ? admin.set(lock, text) : admin.set(lock, text, 'PX', lifeMs));
    const reply = await store.begin(request);
    expect(reply).toEqual({ kind: 'in-progress', remainingMs: expect.any(Number) });
    expectWithin(reply.kind === 'in-progress' ? reply.remainingMs : -1, lifeMs ? [55_000, lifeMs] : [-1, 0]);
    expect(await store.find(request)).toMatchObject({ attempts: 0, remainingLeaseMs: expect.any(Number) });
    await store.forget(request);
    expect(await store.complete({ ...request, record: aRecord() })).toEqual({
      kind: 'lost',
      record: undefined,
    });
    expect([
      await store.extend(request, 1_000),
      await store.release(request, { counting: 'counted' }),
    ]).toEqual(['lost', 'lost']);
    expect(await admin.get(lock)).toBe(text);
  });
});

describe('what an earlier version stored', () => {
  it('is replayed if it is a record, which has no attempt', async () => {
    const request = aBegin(randomUUID());
    const record = aRecord({ fencingToken: 3 });
    await admin.set(`idempotent:payment:${request.key}`, JSON.stringify(record), 'EX', 600);
    expect(await store.begin(request)).toEqual({ kind: 'completed', record });
    expect(await store.find(request)).toMatchObject({ attempts: 3, countedAttempts: 3 });
  });

  it('is replaced if it is a record', async () => {
    const request = aBegin(randomUUID());
    const record = aRecord({ fencingToken: 3 });
    await admin.set(`idempotent:payment:${request.key}`, JSON.stringify(record), 'EX', 600);
    expect(await store.replaceRecord(request, record, { ...record, result: 'later' })).toBe('replaced');
    expectWithin(await admin.pttl(`idempotent:payment:${request.key}`), [590_000, 600_000]);
  });

  it('is not read if it is a count of attempts', async () => {
    const request = aBegin(randomUUID());
    await admin.set(`attempts:payment:${request.key}`, '5 0 0 1  r print', 'EX', 600);
    expect(await store.begin(request)).toMatchObject({ kind: 'acquired', claim: { attempt: 1 } });
  });
});

describe('a Redis that is out of memory', () => {
  const request = aBegin(randomUUID());

  beforeAll(async () => {
    await store.begin(request);
    await admin.config('SET', 'maxmemory', '1');
  });
  afterAll(() => admin.config('SET', 'maxmemory', '0'));

  it('rejects begin', async () => {
    await expect(store.begin(aBegin(randomUUID()))).rejects.toThrow(StoreUnavailableError);
  });

  it('fails the probe', async () => {
    await expect(store.probe()).rejects.toThrow(StoreUnavailableError);
  });

  it('still renews the lease of work in progress, stores its result, and replaces that', async () => {
    expect(await store.extend(request, 60_000)).toBe('extended');
    const record = aRecord();
    expect(await store.complete({ ...request, record })).toEqual({ kind: 'stored' });
    const later = { ...record, result: 'longer than the result before, and known later' };
    expect(await store.replaceRecord(request, record, later)).toBe('replaced');
    expect((await store.find(request)).record).toEqual(later);
  });
});
