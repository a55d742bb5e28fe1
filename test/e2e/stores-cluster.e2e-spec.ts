import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { realClock } from 'nestjs-idempotent/testing';
import { redisKeys } from '../../libs/idempotency/src/stores/redis/redis-keys';
import { OwnRedisCluster } from '../support/redis-cluster';
import { openServiceRedis } from '../support/service-redis';
import type { ServiceRedis } from '../support/service-redis';
import { itKeepsTheStoreContract } from '../support/store-contract';
import { aBegin, aRecord } from '../support/store-steps';

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
  itKeepsTheStoreContract(() => ({ store: new RedisIdempotencyStore(redis.client), clock: realClock }));

  it.each(['key', '{', '}', '{}', '}{', '{}{}', '}}a', '}a}', 'a{b}c', '{a}{b}', '}'.repeat(255)])(
    'has the three names of %s in one slot',
    async (key) => {
      const { record, lock, attempts } = redisKeys({ scope: 'payment', key }, 'cluster');
      const slots = await Promise.all([record, lock, attempts].map((name) => cluster.slotOf(name)));
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
});
