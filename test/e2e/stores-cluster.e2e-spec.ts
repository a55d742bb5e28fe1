import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Cluster } from 'ioredis';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { realClock } from 'nestjs-idempotent/testing';
import { redisKeys } from '../../libs/idempotency/src/stores/redis/redis-keys';
import { OwnRedisCluster } from '../support/redis-cluster';
import { openServiceRedis } from '../support/service-redis';
import type { ServiceRedis } from '../support/service-redis';
import { itKeepsTheStoreContract } from '../support/store-contract';
import { aBegin, aRecord } from '../support/store-steps';

/** So few cases that, on a busy machine, what lives for a second does not expire before a step is taken. */
const AT_ONCE = 8;

let cluster: OwnRedisCluster;
let redis: ServiceRedis;

beforeAll(async () => {
  cluster = await OwnRedisCluster.start();
  redis = await openServiceRedis(cluster.urls);
});
afterAll(async () => {
  await redis.close();
  await cluster.stop();
});

describe('Redis Cluster', () => {
  // One store, so that steps of different cases, and thus of different nodes, are gathered.
  let shared: RedisIdempotencyStore | undefined;
  itKeepsTheStoreContract(
    () => ({ store: (shared ??= new RedisIdempotencyStore(redis.client)), clock: realClock }),
    { atOnce: AT_ONCE },
  );

  it.each(['key', '{', '}', '{}', '}{', '{}{}', '}}a', '}a}', 'a{b}c', '{a}{b}', '}'.repeat(255)])(
    'has both names of %s in one slot',
    async (key) => {
      const { record, lock } = redisKeys({ scope: 'payment', key }, 'cluster');
      const slots = await Promise.all([record, lock].map((name) => cluster.slotOf(name)));
      expect(new Set(slots).size).toBe(1);
    },
  );

  it('lists the keys of a scope on all nodes, each once', async () => {
    const store = new RedisIdempotencyStore(redis.client);
    const keys = [...Array.from({ length: 50 }, (_, index) => `key-${index}`), '{', '}', '}{', '}}a.'];
    for (const key of keys) {
      const request = aBegin(key, { scope: 'listed*' });
      await store.begin(request);
      if (key.endsWith('7')) await store.complete({ ...request, record: aRecord() });
    }
    await store.begin(aBegin('another', { scope: 'listed-too' }));
    expect((await store.keysOf('listed*')).sort()).toEqual(keys.sort());
  });

  it('is reported by probe() where one of its masters may evict keys', async () => {
    const store = new RedisIdempotencyStore(redis.client);
    expect(await store.probe()).toEqual([]);
    const { client, port } = await cluster.masterOf(await cluster.slotOf('any'));
    await client.config('SET', 'maxmemory-policy', 'allkeys-lfu');
    try {
      expect(await store.probe()).toEqual([
        { code: 'may-evict', message: expect.stringMatching(new RegExp(`:${port} .*is allkeys-lfu`)) },
      ]);
    } finally {
      await client.config('SET', 'maxmemory-policy', 'noeviction');
    }
  });
});

describe.each([
  { where: 'keyPrefix', options: { keyPrefix: 'shop:' } },
  { where: 'redisOptions.keyPrefix', options: { redisOptions: { keyPrefix: 'shop:' } } },
])('a client of Redis Cluster with the option $where', ({ options }) => {
  let client: Cluster;
  let store: RedisIdempotencyStore;

  beforeAll(async () => {
    client = new Cluster(
      cluster.urls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })),
      options,
    );
    await once(client, 'ready');
    store = new RedisIdempotencyStore(client);
  });
  afterAll(() => client.disconnect());

  it('lists the keys of a scope on all nodes, without the prefix', async () => {
    const scope = `prefixed-${randomUUID()}`;
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    for (const key of keys) {
      const request = aBegin(key, { scope });
      await store.begin(request);
      if (key.endsWith('7')) await store.complete({ ...request, record: aRecord() });
    }
    expect((await store.keysOf(scope)).sort()).toEqual(keys.sort());
    expect(await store.find({ scope, key: 'key-7' })).toMatchObject({ record: { result: { paid: true } } });
    expect(await new RedisIdempotencyStore(redis.client).keysOf(scope)).toEqual([]);
  });
});
