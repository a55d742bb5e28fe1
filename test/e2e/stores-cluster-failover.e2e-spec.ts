import { randomUUID } from 'node:crypto';
import { RedisIdempotencyStore, StoreUnavailableError } from '../../src/idempotency';
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

/** Far above a command's time-out, far below what a caller would take for a hang. */
const BOUND_MS = 8_000;
const ENOUGH_LOAD = 300;
const MANY_WORKERS = 50;
const CUTS = 10;

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

/** Work goes on on every master. */
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

describe('a slot that moves to another master while its keys are used', () => {
  const key = randomUUID();
  const finished = aBegin(key, { scope: 'finished' });
  const working = aBegin(key, { scope: 'working' });
  const record = aRecord();
  const begun: Promise<unknown>[] = [];
  const meanwhile: Record<string, unknown> = {};

  beforeAll(async () => {
    await store.begin(finished);
    await store.complete({ ...finished, record });
    await store.begin(working);
    await cluster.migrateSlot(await cluster.slotOf(`{${key}}`), async () => {
      begun.push(
        ...Array.from({ length: 5 }, () => unlessUnavailable(store.begin(aBegin(key, { scope: 'fresh' })))),
      );
      meanwhile.finished = await unlessUnavailable(store.begin(aBegin(key, { scope: 'finished' })));
      meanwhile.working = await unlessUnavailable(store.begin(aBegin(key, { scope: 'working' })));
    });
  });

  it('answers rightly or not at all while it moves', () => {
    expect([{ kind: 'completed', record }, 'unavailable']).toContainEqual(meanwhile.finished);
    expect([{ kind: 'in-progress', remainingMs: expect.any(Number) }, 'unavailable']).toContainEqual(
      meanwhile.working,
    );
  });

  it('has the record where it is now', async () => {
    expect(await store.begin(aBegin(key, { scope: 'finished' }))).toEqual({ kind: 'completed', record });
  });

  it('has moved the lease: its owner alone can finish', async () => {
    expect(await store.begin(aBegin(key, { scope: 'working' }))).toMatchObject({ kind: 'in-progress' });
    expect(await store.complete({ ...working, record })).toEqual({ kind: 'stored' });
  });

  it('gives a key begun meanwhile to one owner', async () => {
    const last = await store.begin(aBegin(key, { scope: 'fresh' }));
    const replies = [...(await Promise.all(begun)), last];
    expect(
      replies.filter((reply) => Object(reply) === reply && Reflect.get(Object(reply), 'kind') === 'acquired'),
    ).toHaveLength(1);
  });
});

describe('connections that are cut under load', () => {
  it('have no step sent a second time, which would find the lease of the first in its way', async () => {
    const load = new StoreLoad(store, MANY_WORKERS);
    for (let cut = 1; cut <= CUTS; cut += 1) {
      await eventually(() => load.acknowledged.length >= cut * ENOUGH_LOAD, { everyMs: 5 });
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
    await eventually(() => load.acknowledged.length >= ENOUGH_LOAD);
    victim = await cluster.masterOf(0);
    const replica = await cluster.replicaOf(victim);
    acknowledgedBeforeMark = [...load.acknowledged];
    await expectReplicated(victim, replica);
    await victim.kill();
    acknowledgedBeforeKill = new Set(load.acknowledged);
    // What the dead master had not passed on by now is gone, and only that.
    replicated = await recordNamesOn(replica);
    await expectWorking();
    await load.stop();
    missing = await missingRecords(store, load.acknowledged);
  });

  it('is replaced by its replica, and the store works again by itself', async () => {
    expect((await cluster.masterOf(0)).port).not.toBe(victim.port);
  });

  it('loses nothing that was confirmed before its replica had caught up', () => {
    expect(missing.filter((key) => acknowledgedBeforeMark.includes(key))).toEqual([]);
  });

  it('loses nothing that its replica had', () => {
    expect(missing.filter((key) => replicated.has(`idempotent:payment:{${key}}`))).toEqual([]);
  });

  it('loses nothing that was confirmed after its death', () => {
    expect(missing.filter((key) => !acknowledgedBeforeKill.has(key))).toEqual([]);
  });

  it('comes back as a replica without disturbing anybody', async () => {
    await victim.restart();
    await eventually(async () => expect(await infoField(victim.client, 'role')).toBe('slave'));
    await expectWorking();
  });
});

describe('a cluster that is gone as a whole', () => {
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
    'rejects each step within a bound while it is $state, and works again by itself',
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
