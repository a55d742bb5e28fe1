import '../support/fixed-seed';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { given, ownDatabase } from '../support/isolation';
import { openServiceRedis } from '../support/service-redis';
import type { ServiceRedis } from '../support/service-redis';
import { expectStoreAsModelled } from '../support/store-model';

const NUM_RUNS = 200;

let redis: ServiceRedis;
beforeAll(async () => {
  redis = await openServiceRedis([ownDatabase(given('REDIS_URL'))]);
});
afterAll(() => redis.close());

/** Has the effect of an expiry without waiting for it. */
async function remove(kinds: readonly string[], keys: readonly string[]): Promise<void> {
  await redis.client.del(...kinds.flatMap((kind) => keys.map((key) => `${kind}:model:${key}`)));
}

describe('the Redis store', () => {
  it('answers as its model does for several owners and any order of steps', async () => {
    await expectStoreAsModelled(
      () => ({
        store: new RedisIdempotencyStore(redis.client),
        endLeases: (keys) => remove(['lock'], keys),
        endAll: (keys) => remove(['lock', 'idempotent', 'attempts'], keys),
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
