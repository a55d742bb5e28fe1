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
    expect(await admin.get(`lock:payment:${key}`)).toBe(request.ownerToken);
    expectWithin(await admin.pttl(`lock:payment:${key}`), [25_000, 30_000]);
    expectWithin(await admin.pttl(`attempts:payment:${key}`), [595_000, 600_000]);
    await store.complete({ ...request, ttlSeconds: 1_200, record: aRecord() });
    expect(await admin.exists(`lock:payment:${key}`)).toBe(0);
    expectWithin(await admin.pttl(`idempotent:payment:${key}`), [1_195_000, 1_200_000]);
    expectWithin(await admin.pttl(`attempts:payment:${key}`), [1_195_000, 1_200_000]);
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

  it('still stores the result of work in progress', async () => {
    expect(await store.complete({ ...request, record: aRecord() })).toEqual({ kind: 'stored' });
  });
});
