import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import {
  IdempotencyEvents,
  IdempotencyService,
  LeaseLostError,
  StoreUnavailableError,
  type IdempotencyModuleOptions,
  type Work,
} from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { given, ownDatabase } from '../support/isolation';

const url = ownDatabase(given('REDIS_URL'));
const redis = new Redis(url);
const scope = 'edge';
let key: string;

beforeEach(async () => {
  await redis.flushdb();
  key = randomUUID();
});
afterAll(async () => {
  await redis.quit();
});

/** The idempotency engine of one process, with the kinds of events that it emits. */
function engine(options: Partial<IdempotencyModuleOptions> = {}, client = redis) {
  const store = new RedisIdempotencyStore(client);
  const events = new IdempotencyEvents();
  const kinds: string[] = [];
  events.on(({ kind }) => kinds.push(kind));
  const service = new IdempotencyService(
    store,
    { store, ttlSeconds: 60, leaseMs: 5_000, ...options },
    events,
  );
  return { service, events, kinds };
}

/** Work that reports its start (`begun`) and runs until `end()` is called. */
function controlledWork<T>() {
  const steps = new EventEmitter();
  const begun = once(steps, 'begun');
  const ended = once(steps, 'ended');
  let result: T;
  const work: Work<T> = async () => {
    steps.emit('begun');
    await ended;
    return result;
  };
  const end = (value: T) => {
    result = value;
    steps.emit('ended');
  };
  return { work, begun, end };
}

describe('invalid options', () => {
  it.each([{ ttlSeconds: 0 }, { ttlSeconds: 0.5 }, { ttlSeconds: Number.NaN }, { leaseMs: -1 }])(
    'are rejected before the work starts: %p',
    async (time) => {
      let runs = 0;
      const run = engine().service.run(key, () => Promise.resolve(++runs), { scope, ...time });
      await expect(run).rejects.toThrow('must be a whole number from 1');
      expect(() => engine(time)).toThrow('must be a whole number from 1');
      expect(runs).toBe(0);
    },
  );

  it('a scope with a colon is rejected: another scope and key would have the same name', async () => {
    const run = engine().service.run('c', () => Promise.resolve(1), { scope: 'a:b' });
    await expect(run).rejects.toThrow('scope must be');
  });
});

describe('a value of another type that has the name of a record or a lock', () => {
  it.each(['idempotent', 'lock'])('fails only this key (%s:), and stays', async (kind) => {
    await redis.rpush(`${kind}:${scope}:${key}`, 'no text');
    const { service, kinds } = engine();
    const run = service.run(key, () => Promise.resolve(1), { scope });
    await expect(run).rejects.toThrow('WRONGTYPE');
    await expect(run).rejects.not.toBeInstanceOf(StoreUnavailableError);
    expect(await redis.keys(`*:${scope}:${key}`)).toEqual([`${kind}:${scope}:${key}`]);
    expect(kinds).not.toContain('store-unavailable');
  });
});

describe('a Redis user without permission for a command of the scripts', () => {
  const name = `limited-${randomUUID()}`;
  let limited: Redis;

  beforeAll(async () => {
    await redis.call('ACL', 'SETUSER', name, 'on', 'nopass', '~*', '+@all', '-set');
    const { hostname, port, pathname } = new URL(url);
    limited = new Redis({
      host: hostname,
      port: Number(port),
      db: Number(pathname.slice(1)),
      username: name,
      password: 'any',
    });
  });
  afterAll(async () => {
    limited.disconnect();
    await redis.call('ACL', 'DELUSER', name);
  });

  it('makes the store unavailable instead of failing each key', async () => {
    const run = engine({}, limited).service.run(key, () => Promise.resolve(1), { scope });
    await expect(run).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});

describe('a lost lease', () => {
  it('is never stored as the result of the work', async () => {
    const { service } = engine();
    const everything = { scope, rememberError: () => true };
    const lost = service.run(key, () => Promise.reject(new LeaseLostError()), everything);
    await expect(lost).rejects.toBeInstanceOf(LeaseLostError);
    expect(await service.run(key, () => Promise.resolve(1), everything)).toEqual({
      kind: 'executed',
      result: 1,
    });
  });

  it('starts no work if it was lost before Redis answered, and leaves the key free', async () => {
    let runs = 0;
    const { service } = engine({ leaseMs: 1_000 });
    await redis.client('PAUSE', 1_500);
    const run = service.run(key, () => Promise.resolve(++runs), { scope });
    await expect(run).rejects.toBeInstanceOf(LeaseLostError);
    expect(await new RedisIdempotencyStore(redis).find({ scope, key })).toMatchObject({
      remainingLeaseMs: undefined,
    });
    expect(runs).toBe(0);
  });

  it('answers with the record of the next owner, whatever the former owner returns', async () => {
    const { work, begun, end } = controlledWork<{ amount: number }>();
    const former = engine().service.run(key, work, { scope, payload: 'same' });
    await begun;
    await redis.flushdb();
    await engine().service.run(key, () => Promise.resolve({ amount: 1 }), { scope, payload: 'same' });
    end({ amount: Number.NaN });
    expect(await former).toEqual({ kind: 'replayed', result: { amount: 1 } });
  });

  it('does not answer with the record of another payload', async () => {
    const { work, begun, end } = controlledWork<string>();
    const former = engine().service.run(key, work, { scope, payload: 'A' });
    await begun;
    await redis.flushdb();
    await engine().service.run(key, () => Promise.resolve('B paid'), { scope, payload: 'B' });
    end('A paid');
    expect(await former).toEqual({ kind: 'failed', code: 'idempotency-key-reused' });
  });
});

describe('application code that throws', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterAll(() => {
    Logger.overrideLogger(['error', 'warn']);
  });

  it('a listener that throws does not stop the key from completing', async () => {
    const { service, events } = engine();
    events.on(() => {
      throw new Error('a bad listener');
    });
    const call = () => service.run(key, () => Promise.resolve(1), { scope });
    expect([(await call()).kind, (await call()).kind]).toEqual(['executed', 'replayed']);
  });

  it('an `origin` that throws starts no work', async () => {
    let runs = 0;
    const origin = () => {
      throw new Error('a bad origin');
    };
    const run = engine({ origin }).service.run(key, () => Promise.resolve(++runs), { scope });
    await expect(run).rejects.toThrow('a bad origin');
    expect(runs).toBe(0);
    expect(await redis.keys('*')).toEqual([]);
  });
});
