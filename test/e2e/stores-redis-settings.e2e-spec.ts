import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { IdempotencyEvents, IdempotencyService, type IdempotencyEvent } from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { realClock } from 'nestjs-idempotent/testing';
import { startOwnRedis } from '../support/servers';
import type { OwnRedis } from '../support/servers';
import { itKeepsTheStoreContract } from '../support/store-contract';
import { aBegin, aRecord, finish } from '../support/store-steps';

let server: OwnRedis;
let admin: Redis;

beforeAll(async () => {
  server = await startOwnRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

describe('a client with a keyPrefix', () => {
  const keyPrefix = 'shop[1]:';
  let client: Redis;
  let store: RedisIdempotencyStore;

  beforeAll(() => {
    client = new Redis(server.url, { keyPrefix });
    store = new RedisIdempotencyStore(client);
  });
  afterAll(() => client.disconnect());

  itKeepsTheStoreContract(() => ({ store, clock: realClock }));

  it('has its prefix before every name, one call alone and many together', async () => {
    const keys = Array.from({ length: 40 }, () => randomUUID());
    await finish(store, keys[0] ?? '');
    expect(await Promise.all(keys.slice(1).map((key) => finish(store, key)))).not.toContain('lost');
    const records = keys.map((key) => `${keyPrefix}idempotent:payment:${key}`);
    expect(await admin.exists(...records)).toBe(keys.length);
    expect(await admin.keys('idempotent:*')).toEqual([]);
  });

  it('lists the keys of a scope, without the prefix, and not those of other clients', async () => {
    const scope = `listed-${randomUUID()}`;
    const listed = aBegin('finished', { scope });
    await store.begin(listed);
    await store.complete({ ...listed, record: aRecord() });
    await store.begin(aBegin('begun', { scope }));
    await new RedisIdempotencyStore(admin).begin(aBegin('of-another-client', { scope }));
    expect((await store.keysOf(scope)).sort()).toEqual(['begun', 'finished']);
  });

  it('can probe', async () => {
    expect(await store.probe()).toEqual([]);
    expect(await admin.exists(`${keyPrefix}idempotency:probe`)).toBe(1);
  });
});

describe('a Redis that may evict keys', () => {
  beforeAll(() => admin.config('SET', 'maxmemory-policy', 'volatile-lru'));
  afterAll(() => admin.config('SET', 'maxmemory-policy', 'noeviction'));

  it('is reported by probe(), with its address and what to set', async () => {
    const { host } = new URL(server.url);
    expect(await new RedisIdempotencyStore(admin).probe()).toEqual([
      {
        code: 'may-evict',
        message: expect.stringMatching(
          new RegExp(`${host}.*maxmemory-policy is volatile-lru.*set maxmemory-policy to noeviction`),
        ),
      },
    ]);
  });

  it('is an event of the engine, once', async () => {
    const store = new RedisIdempotencyStore(admin);
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[] = [];
    events.on((event) => heard.push(event));
    const service = new IdempotencyService(store, { store, ttlSeconds: 60, leaseMs: 5_000 }, events);
    const [warning] = await service.probeStore();
    await service.probeStore();
    expect(heard).toEqual([{ kind: 'store-warning', warning }]);
  });
});

describe('a Redis whose user may not use INFO', () => {
  let silent: Redis;

  beforeAll(async () => {
    await admin.call('ACL', 'SETUSER', 'silent', 'on', '>secret', '~*', '+@all', '-info');
    const { hostname, port } = new URL(server.url);
    const options = { username: 'silent', password: 'secret', enableReadyCheck: false };
    silent = new Redis({ host: hostname, port: Number(port), ...options });
  });
  afterAll(() => silent.disconnect());

  it('accepts writes, and is reported as unknown', async () => {
    expect(await new RedisIdempotencyStore(silent).probe()).toEqual([
      { code: 'eviction-unknown', message: expect.stringMatching(/permissions.*permit INFO/) },
    ]);
  });
});
