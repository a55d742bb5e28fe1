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

const locksOf = (keys: readonly string[]) => keys.map((key) => `lock:model:${key}`);

/** Has the effect of time without waiting for it: every lease has ended at some time in the past. */
async function endLeases(keys: readonly string[]): Promise<void> {
  for (const lock of locksOf(keys)) {
    const claim = await redis.client.get(lock);
    if (claim !== null) await redis.client.set(lock, claim.replace(/^([^-=\s]\S*) \d+ /, '$1 1 '), 'KEEPTTL');
  }
}

/** Has the effect of an expiry without waiting for it. */
async function remove(keys: readonly string[]): Promise<void> {
  await redis.client.del(...locksOf(keys), ...keys.map((key) => `idempotent:model:${key}`));
}

describe('the Redis store', () => {
  it('answers as its model does for several owners and any order of steps', async () => {
    await expectStoreAsModelled(
      () => ({
        store: new RedisIdempotencyStore(redis.client),
        endLeases,
        endAll: remove,
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
