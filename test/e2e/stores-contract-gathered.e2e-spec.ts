import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { realClock } from 'nestjs-idempotent/testing';
import { startOwnRedis } from '../support/servers';
import type { OwnRedis } from '../support/servers';
import { gathering, itKeepsTheStoreContract } from '../support/store-contract';
import { aBegin, finish } from '../support/store-steps';

let server: OwnRedis;
let client: Redis;

beforeAll(async () => {
  server = await startOwnRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

async function scriptCalls(): Promise<number> {
  const [, calls] = /^cmdstat_evalsha:calls=(\d+)/m.exec(await client.info('commandstats')) ?? [];
  return Number(calls);
}

describe.each([
  { count: 1, calls: 1 },
  { count: 2, calls: 1 },
  { count: 64, calls: 1 },
])('Redis, $count steps in a turn', ({ count, calls }) => {
  itKeepsTheStoreContract(
    () => ({ store: gathering(new RedisIdempotencyStore(client), count), clock: realClock }),
    // So that all calls of their turns fit into the second for which some of them live, also beside other work.
    { atOnce: count > 2 ? 4 : 8 },
  );

  it(`takes them in ${calls} script calls`, async () => {
    const store = gathering(new RedisIdempotencyStore(client), count);
    await finish(store, randomUUID());
    const before = await scriptCalls();
    await Promise.all([store.begin(aBegin(randomUUID())), store.begin(aBegin(randomUUID()))]);
    expect((await scriptCalls()) - before).toBe(2 * calls);
  });
});

// So that other clients of Redis do not wait long.
it('takes more than 64 steps of a turn in two script calls', async () => {
  const store = gathering(new RedisIdempotencyStore(client), 65);
  await finish(store, randomUUID());
  const before = await scriptCalls();
  await store.begin(aBegin(randomUUID()));
  expect((await scriptCalls()) - before).toBe(2);
});
