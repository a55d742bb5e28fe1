import { RedisIdempotencyStore } from '../../src/idempotency';
import { realClock } from '../../src/idempotency/testing';
import { redisKeys } from '../../src/idempotency/store/redis/redis-keys';
import { OwnRedisCluster } from '../support/redis-cluster';
import { openServiceRedis } from '../support/service-redis';
import type { ServiceRedis } from '../support/service-redis';
import { itKeepsTheStoreContract } from '../support/store-contract';

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
});
