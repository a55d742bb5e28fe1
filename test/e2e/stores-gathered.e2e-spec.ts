import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { startOwnRedis } from '../support/servers';
import type { OwnRedis } from '../support/servers';
import { aBegin, aRecord, finish } from '../support/store-steps';

let server: OwnRedis;
let client: Redis;
let store: RedisIdempotencyStore;

beforeAll(async () => {
  server = await startOwnRedis();
  client = new Redis(server.url);
  store = new RedisIdempotencyStore(client);
  // Loads the scripts into Redis, so that each call is then one command.
  await finish(store, randomUUID());
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

/** The number of script calls by clients; calls made inside scripts do not count. */
async function scriptCalls(): Promise<number> {
  const [, calls] = /^cmdstat_evalsha:calls=(\d+)/m.exec(await client.info('commandstats')) ?? [];
  return Number(calls);
}

/** The number of script calls that the steps cause. */
async function scriptCallsOf(steps: () => Promise<unknown>): Promise<number> {
  const before = await scriptCalls();
  await steps();
  return (await scriptCalls()) - before;
}

const someKeys = (count: number) => Array.from({ length: count }, () => randomUUID());

describe('store steps that start in the same turn of the event loop', () => {
  it('take one Redis call for all begins, and one for all completions', async () => {
    const requests = someKeys(30).map((key) => aBegin(key));
    const cost = await scriptCallsOf(async () => {
      await Promise.all(requests.map((request) => store.begin(request)));
      await Promise.all(requests.map((request) => store.complete({ ...request, record: aRecord() })));
    });
    expect(cost).toBe(2);
  });

  it('each get their own answer', async () => {
    const keys = someKeys(300);
    const results = await Promise.all(
      keys.map(async (key) => {
        await finish(store, key);
        const reply = await store.begin(aBegin(key));
        return reply.kind === 'completed' ? reply.record.result : reply;
      }),
    );
    expect(results).toEqual(keys);
  });

  it('keep their order for one key: the first gets the lease', async () => {
    const key = randomUUID();
    const replies = await Promise.all([store.begin(aBegin(key)), store.begin(aBegin(key))]);
    expect(replies.map(({ kind }) => kind)).toEqual(['acquired', 'in-progress']);
  });

  it.each(['idempotent', 'lock'])(
    'do not share the failure of one whose name %s: has a value of another type, which stays',
    async (kind) => {
      const [good = '', bad = '', alsoGood = ''] = someKeys(3);
      await client.sadd(`${kind}:payment:${bad}`, 'no text');
      const outcomes = await Promise.allSettled([good, bad, alsoGood].map((key) => store.begin(aBegin(key))));
      expect(outcomes).toEqual([
        { status: 'fulfilled', value: expect.objectContaining({ kind: 'acquired' }) },
        {
          status: 'rejected',
          reason: expect.objectContaining({ message: expect.stringMatching(/^WRONGTYPE/) }),
        },
        { status: 'fulfilled', value: expect.objectContaining({ kind: 'acquired' }) },
      ]);
      expect(await client.smembers(`${kind}:payment:${bad}`)).toEqual(['no text']);
      expect(await client.exists(`idempotent:payment:${bad}`, `lock:payment:${bad}`)).toBe(1);
    },
  );

  it('do not complete over a value of another type, and do not share this failure', async () => {
    const requests = someKeys(2).map((key) => aBegin(key));
    await Promise.all(requests.map((request) => store.begin(request)));
    const [bad] = requests;
    await client.sadd(`idempotent:payment:${bad?.key}`, 'no text');
    const outcomes = await Promise.allSettled(
      requests.map((request) => store.complete({ ...request, record: aRecord() })),
    );
    expect(outcomes).toEqual([
      {
        status: 'rejected',
        reason: expect.objectContaining({ message: expect.stringMatching(/^WRONGTYPE/) }),
      },
      { status: 'fulfilled', value: { kind: 'stored' } },
    ]);
    expect(await client.smembers(`idempotent:payment:${bad?.key}`)).toEqual(['no text']);
  });

  it('with different leases each get their own', async () => {
    const requests = [10_000, 20_000, 10_000].map((leaseMs) => aBegin(randomUUID(), { leaseMs }));
    await Promise.all(requests.map((request) => store.begin(request)));
    const findings = await Promise.all(requests.map((request) => store.find(request)));
    expect(findings.map(({ remainingLeaseMs = 0 }) => Math.ceil(remainingLeaseMs / 10_000))).toEqual([
      1, 2, 1,
    ]);
  });

  it('are all sent again to a server that has lost the scripts', async () => {
    await client.script('FLUSH');
    const replies = await Promise.all(someKeys(3).map((key) => store.begin(aBegin(key))));
    expect(replies.map(({ kind }) => kind)).toEqual(['acquired', 'acquired', 'acquired']);
  });
});

describe('store steps of the same turn while Redis is out of memory', () => {
  const [finished = '', fresh = ''] = someKeys(2);
  const begun = someKeys(3).map((key) => aBegin(key));
  const failed = someKeys(2).map((key) => aBegin(key));

  beforeAll(async () => {
    await finish(store, finished);
    await Promise.all([...begun, ...failed].map((request) => store.begin(request)));
    await client.config('SET', 'maxmemory', '1');
  });
  afterAll(() => client.config('SET', 'maxmemory', '0'));

  it('reject a new key, and still answer for a finished key', async () => {
    const [known, unknown] = await Promise.allSettled([
      store.begin(aBegin(finished)),
      store.begin(aBegin(fresh)),
    ]);
    expect(known).toMatchObject({ status: 'fulfilled', value: { kind: 'completed' } });
    expect(unknown).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) });
  });

  it('renew the leases of work in progress, without which its results could not be stored', async () => {
    const replies = await Promise.all(begun.map((request) => store.extend(request, 60_000)));
    expect(replies).toEqual(['extended', 'extended', 'extended']);
  });

  it('store the results of work in progress', async () => {
    const replies = await Promise.all(
      begun.map((request) => store.complete({ ...request, record: aRecord() })),
    );
    expect(replies.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'stored']);
  });

  it('free the keys of attempts that failed', async () => {
    const replies = await Promise.all(
      failed.map((request) => store.release(request, { counting: 'counted' })),
    );
    expect(replies).toEqual(['released', 'released']);
  });
});

describe('store steps of the same turn when the connection closes before they are sent', () => {
  it('all fail as unavailable, and none is executed later', async () => {
    const disconnecting = new Redis(server.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    await once(disconnecting, 'ready');
    const disconnectingStore = new RedisIdempotencyStore(disconnecting);
    const keys = someKeys(3);
    const outcomes = Promise.allSettled(keys.map((key) => disconnectingStore.begin(aBegin(key))));
    disconnecting.disconnect();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) });
    }
    const findings = await Promise.all(keys.map((key) => store.find({ scope: 'payment', key })));
    expect(findings.map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
  });
});
