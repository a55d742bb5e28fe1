import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Cluster, type Redis } from 'ioredis';
import { StoreUnavailableError } from 'nestjs-idempotent';
import type { BeginReply, BeginRequest } from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { eventually } from '../support/eventually';
import { OwnRedisCluster } from '../support/redis-cluster';
import type { RedisProcess } from '../support/redis-process';
import { aBegin, aRecord, finish, unlessUnavailable } from '../support/store-steps';

const MASTERS = 3;
/** So many that each master has some, and more than one Redis call would hold on a standalone server. */
const STEPS = 60;
/** Shorter than the time after which a frozen master is replaced. */
const COMMAND_TIMEOUT_MS = 1_000;

let cluster: OwnRedisCluster;
let client: Cluster;
let store: RedisIdempotencyStore;

beforeAll(async () => {
  cluster = await OwnRedisCluster.start();
  client = new Cluster(
    cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    {
      enableOfflineQueue: false,
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      redisOptions: { commandTimeout: COMMAND_TIMEOUT_MS, autoResendUnfulfilledCommands: false },
    },
  );
  await once(client, 'ready');
  store = new RedisIdempotencyStore(client);
  // Connects to each master and loads the scripts into it, so that each step is then one command.
  await eventually(() => Promise.all(someKeys(STEPS).map((key) => finish(store, key))));
});
afterAll(async () => {
  client.disconnect();
  await cluster.stop();
});

const someKeys = (count: number) => Array.from({ length: count }, () => randomUUID());

const someRequests = (count: number) => someKeys(count).map((key) => aBegin(key));

const unavailable = { status: 'rejected', reason: expect.any(StoreUnavailableError) };

const beginAll = (requests: readonly BeginRequest[]) =>
  Promise.all(requests.map((request) => store.begin(request)));

const kindsOf = (replies: readonly BeginReply[]) => new Set(replies.map(({ kind }) => kind));

/** The number of writes to the sockets of the masters that the steps cause. */
async function writesOf(steps: () => Promise<unknown>): Promise<number> {
  let writes = 0;
  const sockets = client.nodes('master').map(({ stream }) => stream);
  for (const socket of sockets) {
    const write = socket._write.bind(socket);
    const writeSeveral = socket._writev?.bind(socket);
    Object.assign(socket, {
      _write: (...args: Parameters<typeof write>) => {
        writes += 1;
        write(...args);
      },
      _writev: (...args: Parameters<NonNullable<typeof writeSeveral>>) => {
        writes += 1;
        writeSeveral?.(...args);
      },
    });
  }
  await steps();
  for (const socket of sockets)
    for (const name of ['_write', '_writev']) Reflect.deleteProperty(socket, name);
  return writes;
}

/** The connection of the store. */
function connectionTo(master: RedisProcess): Redis {
  const connection = client.nodes('master').find(({ options }) => options.port === master.port);
  if (!connection) throw new Error(`no connection to port ${master.port}`);
  return connection;
}

/** The script calls that a master has executed for clients. */
async function scriptCallsOn(master: RedisProcess): Promise<number> {
  const [, calls] = /^cmdstat_evalsha:calls=(\d+)/m.exec(await master.client.info('commandstats')) ?? [];
  return Number(calls);
}

/** The requests whose keys a master has, and the others. */
async function partedBy(master: RedisProcess, requests: readonly BeginRequest[]) {
  const served: BeginRequest[] = [];
  const others: BeginRequest[] = [];
  for (const request of requests) {
    const { port } = await cluster.masterOf(await cluster.slotOf(`{${request.key}}`));
    (port === master.port ? served : others).push(request);
  }
  return { served, others };
}

describe('steps of one turn on Redis Cluster', () => {
  it('leave in one write a node for all begins, and in one for all completions', async () => {
    const requests = someRequests(STEPS);
    const writes = await writesOf(async () => {
      await beginAll(requests);
    });
    expect(writes).toBe(MASTERS);
    const record = aRecord();
    const more = await writesOf(() =>
      Promise.all(requests.map((request) => store.complete({ ...request, record }))),
    );
    expect(more).toBe(MASTERS);
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
    const replies = await beginAll([aBegin(key), ...someRequests(STEPS), aBegin(key)]);
    expect([replies.at(0)?.kind, replies.at(-1)?.kind]).toEqual(['acquired', 'in-progress']);
  });

  it('are sent again to masters that have lost the scripts', async () => {
    await Promise.all(client.nodes('master').map((node) => node.script('FLUSH')));
    expect(kindsOf(await beginAll(someRequests(STEPS)))).toEqual(new Set(['acquired']));
  });
});

describe('a slot that moves while steps for it and for other slots leave together', () => {
  const tag = randomUUID();
  // The part before the first closing brace decides about the slot.
  const keysInSlot = (count: number) => Array.from({ length: count }, () => `{${tag}}${randomUUID()}`);
  const finishAll = (keys: readonly string[]) =>
    Promise.all(keys.map((key) => unlessUnavailable(finish(store, key))));

  const unknown = aBegin(`{${tag}}`);
  const held = [...keysInSlot(10), ...someKeys(STEPS)].map((key) => aBegin(key));
  let extended: readonly unknown[];
  let duringMove: Promise<readonly unknown[]>;
  let elsewhereDuringMove: readonly unknown[];
  let afterMove: readonly unknown[];

  beforeAll(async () => {
    await beginAll(held);
    await cluster.migrateSlot(await cluster.slotOf(`{${unknown.key}}`), async () => {
      const leases = [unknown, ...held];
      extended = await Promise.all(leases.map((lease) => unlessUnavailable(store.extend(lease, 60_000))));
      // Redis answers TRYAGAIN to a step of two keys, until the slot has moved.
      duringMove = finishAll(keysInSlot(10));
      elsewhereDuringMove = await finishAll(someKeys(STEPS));
    });
    afterMove = await finishAll([...keysInSlot(10), ...someKeys(STEPS)]);
  });

  it('is asked for at its new master where Redis says so, and the other steps are not repeated', () => {
    expect(extended).toEqual(['lost', ...held.map(() => 'extended')]);
  });

  it('does not delay or fail a step of another slot', () => {
    expect(elsewhereDuringMove).toEqual(Array(STEPS).fill('stored'));
  });

  it('takes each of its steps once, or is unavailable while it moves', async () => {
    const outcomes = await duringMove;
    expect(outcomes.filter((outcome) => outcome !== 'stored' && outcome !== 'unavailable')).toEqual([]);
  });

  it('is found at its new master', () => {
    expect(new Set(afterMove)).toEqual(new Set(['stored']));
  });
});

describe('a master that does not answer', () => {
  it('fails the steps of its own slots only, and none of them is sent again', async () => {
    const master = await cluster.masterOf(0);
    const { served, others } = await partedBy(master, someRequests(STEPS));
    const before = await scriptCallsOn(master);
    await master.freeze();
    const [ofMaster, ofOthers] = await Promise.all([
      Promise.allSettled(served.map((request) => store.begin(request))),
      Promise.allSettled(others.map((request) => store.begin(request))),
    ]);
    await master.thaw();
    expect(ofOthers.map(({ status }) => status)).toEqual(others.map(() => 'fulfilled'));
    expect(ofMaster).toEqual(served.map(() => unavailable));
    // What was sent before it is executed before it.
    await eventually(() => connectionTo(master).ping());
    expect((await scriptCallsOn(master)) - before).toBe(served.length);
  });

  it('fails the steps of its own slots only when it dies', async () => {
    const master = await cluster.masterOf(0);
    const { served, others } = await partedBy(master, someRequests(STEPS));
    await master.freeze();
    const ofMaster = Promise.allSettled(served.map((request) => store.begin(request)));
    expect(kindsOf(await beginAll(others))).toEqual(new Set(['acquired']));
    await master.kill();
    expect(await ofMaster).toEqual(served.map(() => unavailable));
  });
});
