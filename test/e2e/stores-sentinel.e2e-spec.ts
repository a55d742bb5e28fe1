import { randomUUID } from 'node:crypto';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { realClock } from 'nestjs-idempotent/testing';
import { eventually } from '../support/eventually';
import { expectReplicated, infoField } from '../support/redis-process';
import { OwnRedisSentinels } from '../support/redis-sentinel';
import { openServiceRedis } from '../support/service-redis';
import type { ServiceRedis } from '../support/service-redis';
import { itKeepsTheStoreContract } from '../support/store-contract';
import { aBegin, finish, missingRecords, StoreLoad } from '../support/store-steps';

const LOAD_STEPS = 100;

let servers: OwnRedisSentinels;
let redis: ServiceRedis;
let store: RedisIdempotencyStore;

beforeAll(async () => {
  servers = await OwnRedisSentinels.start();
  redis = await openServiceRedis(servers.urls);
  store = new RedisIdempotencyStore(redis.client);
});
afterAll(async () => {
  await redis.close();
  await servers.stop();
});

async function expectWorking(): Promise<void> {
  await eventually(async () => expect(await finish(store, randomUUID())).toBe('stored'), {
    withinMs: 40_000,
  });
}

describe('Redis behind Sentinel', () => {
  itKeepsTheStoreContract(() => ({ store, clock: realClock }));

  it('is used through its master', async () => {
    const { master } = await servers.roles();
    expect(await infoField(master.client, 'role')).toBe('master');
    const { acknowledged } = await runLoad();
    expect(await master.client.exists(...acknowledged.map((key) => `idempotent:payment:${key}`))).toBe(
      acknowledged.length,
    );
  });
});

async function runLoad(): Promise<StoreLoad> {
  const load = new StoreLoad(store);
  await eventually(() => load.acknowledged.length >= LOAD_STEPS);
  await load.stop();
  return load;
}

describe('a failover', () => {
  it('while the store is connected to the old master: one READONLY error, then the store follows', async () => {
    const { acknowledged } = await runLoad();
    await servers.switchQuietly();
    const refused: unknown = await store.begin(aBegin(randomUUID())).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StoreUnavailableError);
    expect(refused).toMatchObject({ cause: { message: expect.stringMatching(/^READONLY/) } });
    await expectWorking();
    expect(await missingRecords(store, acknowledged)).toEqual([]);
  });

  it('after the master was killed under load: the store follows, and no replicated record is lost', async () => {
    const { master, replica } = await servers.roles();
    const load = new StoreLoad(store);
    await eventually(() => load.acknowledged.length >= LOAD_STEPS);
    const confirmed = [...load.acknowledged];
    await expectReplicated(master, replica);
    await master.kill();
    const confirmedBeforeKill = new Set(load.acknowledged);
    await expectWorking();
    await load.stop();
    const unreplicated = load.acknowledged.filter(
      (key) => !confirmed.includes(key) && confirmedBeforeKill.has(key),
    );
    const missing = await missingRecords(store, load.acknowledged);
    expect(missing.filter((key) => !unreplicated.includes(key))).toEqual([]);
    expect((await servers.roles()).master.port).toBe(replica.port);
  });
});
