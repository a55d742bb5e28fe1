import { randomUUID } from 'node:crypto';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { eventually } from '../support/eventually';
import { OwnRedisCluster } from '../support/redis-cluster';
import { expectReplicated, infoField } from '../support/redis-process';
import type { RedisProcess } from '../support/redis-process';
import { openServiceRedis } from '../support/service-redis';
import type { ServiceRedis } from '../support/service-redis';
import {
  aBegin,
  aRecord,
  finish,
  missingRecords,
  StoreLoad,
  unlessUnavailable,
} from '../support/store-steps';

/** Far above the time-out of a command, and short enough that a caller does not hang. */
const BOUND_MS = 8_000;
const LOAD_STEPS = 300;
const MANY_WORKERS = 50;
const DISCONNECTS = 10;

let cluster: OwnRedisCluster;
let redis: ServiceRedis;
let store: RedisIdempotencyStore;

beforeAll(async () => {
  cluster = await OwnRedisCluster.start();
  redis = await openServiceRedis(cluster.urls);
  store = new RedisIdempotencyStore(redis.client);
});
afterAll(async () => {
  await redis.close();
  await cluster.stop();
});

/** Waits until every master accepts work. */
async function expectWorking(): Promise<void> {
  await eventually(
    async () => {
      const keys = Array.from({ length: 20 }, () => randomUUID());
      expect(await Promise.all(keys.map((key) => finish(store, key)))).toEqual(keys.map(() => 'stored'));
    },
    { withinMs: 40_000, everyMs: 200 },
  );
}

async function recordNamesOn(replica: RedisProcess): Promise<Set<string>> {
  await replica.client.readonly();
  return new Set(await replica.client.keys('idempotent:*'));
}

describe('a slot that migrates to another master while its keys are used', () => {
  const key = randomUUID();
  const finished = aBegin(key, { scope: 'finished' });
  const working = aBegin(key, { scope: 'working' });
  const record = aRecord();
  const begun: Promise<unknown>[] = [];
  const during: Record<string, unknown> = {};

  beforeAll(async () => {
    await store.begin(finished);
    await store.complete({ ...finished, record });
    await store.begin(working);
    await cluster.migrateSlot(await cluster.slotOf(`{${key}}`), async () => {
      begun.push(
        ...Array.from({ length: 5 }, () => unlessUnavailable(store.begin(aBegin(key, { scope: 'fresh' })))),
      );
      during.finished = await unlessUnavailable(store.begin(aBegin(key, { scope: 'finished' })));
      during.working = await unlessUnavailable(store.begin(aBegin(key, { scope: 'working' })));
    });
  });

  it('answers correctly or is unavailable during the migration', () => {
    expect([{ kind: 'completed', record }, 'unavailable']).toContainEqual(during.finished);
    expect([{ kind: 'in-progress', remainingMs: expect.any(Number) }, 'unavailable']).toContainEqual(
      during.working,
    );
  });

  it('has the record on the new master', async () => {
    expect(await store.begin(aBegin(key, { scope: 'finished' }))).toEqual({ kind: 'completed', record });
  });

  it('has the lease on the new master: only its owner can finish', async () => {
    expect(await store.begin(aBegin(key, { scope: 'working' }))).toMatchObject({ kind: 'in-progress' });
    expect(await store.complete({ ...working, record })).toEqual({ kind: 'stored' });
  });

  it('gives a key begun during the migration to one owner', async () => {
    const last = await store.begin(aBegin(key, { scope: 'fresh' }));
    const replies = [...(await Promise.all(begun)), last];
    expect(
      replies.filter((reply) => Object(reply) === reply && Reflect.get(Object(reply), 'kind') === 'acquired'),
    ).toHaveLength(1);
  });
});

describe('connections that are closed under load', () => {
  it('no step is sent twice, since the second would meet the lease of the first', async () => {
    const load = new StoreLoad(store, MANY_WORKERS);
    for (let disconnect = 1; disconnect <= DISCONNECTS; disconnect += 1) {
      await eventually(() => load.acknowledged.length >= disconnect * LOAD_STEPS, { everyMs: 5 });
      const master = await cluster.masterOf(0);
      await master.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await expect(load.stop()).resolves.toBeUndefined();
    await expectWorking();
    expect(await missingRecords(store, load.acknowledged)).toEqual([]);
  });
});

describe('a master killed under load', () => {
  let victim: RedisProcess;
  let replicated: Set<string>;
  let acknowledgedBeforeMark: string[];
  let acknowledgedBeforeKill: Set<string>;
  let missing: string[];

  beforeAll(async () => {
    const load = new StoreLoad(store);
    await eventually(() => load.acknowledged.length >= LOAD_STEPS);
    victim = await cluster.masterOf(0);
    const replica = await cluster.replicaOf(victim);
    acknowledgedBeforeMark = [...load.acknowledged];
    await expectReplicated(victim, replica);
    await victim.kill();
    acknowledgedBeforeKill = new Set(load.acknowledged);
    // Only writes that the dead master had not replicated by now are lost.
    replicated = await recordNamesOn(replica);
    await expectWorking();
    await load.stop();
    missing = await missingRecords(store, load.acknowledged);
  });

  it('is replaced by its replica, and the store recovers', async () => {
    expect((await cluster.masterOf(0)).port).not.toBe(victim.port);
  });

  it('loses nothing that was confirmed before the replica caught up', () => {
    expect(missing.filter((key) => acknowledgedBeforeMark.includes(key))).toEqual([]);
  });

  it('loses nothing that was replicated', () => {
    expect(missing.filter((key) => replicated.has(`idempotent:payment:{${key}}`))).toEqual([]);
  });

  it('loses nothing that was confirmed after its death', () => {
    expect(missing.filter((key) => !acknowledgedBeforeKill.has(key))).toEqual([]);
  });

  it('comes back as a replica without an interruption', async () => {
    await victim.restart();
    await eventually(async () => expect(await infoField(victim.client, 'role')).toBe('slave'));
    await expectWorking();
  });
});

describe('a cluster that is completely down', () => {
  it.each([
    {
      state: 'frozen',
      end: (node: RedisProcess) => node.freeze(),
      begin: (node: RedisProcess) => node.thaw(),
    },
    {
      state: 'killed',
      end: (node: RedisProcess) => node.kill(),
      begin: (node: RedisProcess) => node.restart(),
    },
  ])(
    'rejects each step within a time limit while it is $state, and then recovers',
    async ({ end, begin }) => {
      await Promise.all(cluster.nodes.map(end));
      const steps = Array.from({ length: 20 }, () => store.begin(aBegin(randomUUID())));
      const outcomes = await Promise.race([
        Promise.allSettled(steps),
        new Promise<'hanging'>((resolve) => setTimeout(resolve, BOUND_MS, 'hanging').unref()),
      ]);
      await Promise.all(cluster.nodes.map(begin));
      expect(outcomes).toEqual(
        steps.map(() => ({ status: 'rejected', reason: expect.any(StoreUnavailableError) })),
      );
      await expectWorking();
    },
  );
});
