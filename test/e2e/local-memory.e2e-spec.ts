import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { IdempotencyEvents, IdempotencyModule, IdempotencyService } from 'nestjs-idempotent';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { given, ownDatabase } from '../support/isolation';

describe('the local memory of finished keys', () => {
  const redis = new Redis(ownDatabase(given('REDIS_URL')));

  afterAll(async () => {
    await redis.quit();
  });

  async function serviceWithMemory() {
    await redis.flushdb();
    const module = await Test.createTestingModule({
      imports: [
        IdempotencyModule.forRoot({
          store: new RedisIdempotencyStore(redis),
          ttlSeconds: 60,
          leaseMs: 5_000,
          localMemory: { maxEntries: 10, ttlSeconds: 60 },
        }),
      ],
    }).compile();
    const replays: string[] = [];
    module.get(IdempotencyEvents).on((event) => {
      if (event.kind === 'replayed') replays.push(event.from);
    });
    return { service: module.get(IdempotencyService), replays };
  }

  it('answers duplicates without Redis', async () => {
    const { service, replays } = await serviceWithMemory();
    const call = () => service.run('key', () => Promise.resolve('result'), { scope: 'memory', payload: 1 });
    await call();
    await redis.flushdb();
    expect(await call()).toEqual({ kind: 'replayed', result: 'result' });
    expect(replays).toEqual(['memory']);
  });

  it('answers as Redis would, even if the caller changed the first result', async () => {
    const { service } = await serviceWithMemory();
    const call = () =>
      service.run('key', () => Promise.resolve({ items: ['one'], at: new Date(0) }), { scope: 'memory' });
    const first = await call();
    if (first.kind === 'executed') first.result.items.push('two');
    expect(await call()).toEqual({
      kind: 'replayed',
      result: { items: ['one'], at: '1970-01-01T00:00:00.000Z' },
    });
  });

  it('still detects another payload', async () => {
    const { service } = await serviceWithMemory();
    await service.run('key', () => Promise.resolve(1), { scope: 'memory', payload: 1 });
    expect(await service.run('key', () => Promise.resolve(2), { scope: 'memory', payload: 2 })).toEqual({
      kind: 'failed',
      code: 'idempotency-key-reused',
    });
  });

  it('does not contain a key in progress, or a key after forget()', async () => {
    const { service } = await serviceWithMemory();
    await redis.set('lock:memory:key', 'another process', 'PX', 60_000);
    const inProgress = await service.run('key', () => Promise.resolve(1), { scope: 'memory' });
    await redis.del('lock:memory:key');
    await service.run('key', () => Promise.resolve(1), { scope: 'memory' });
    await service.forget({ scope: 'memory', key: 'key' });
    const again = await service.run('key', () => Promise.resolve(2), { scope: 'memory' });
    expect([inProgress, again]).toMatchObject([{ code: 'in-progress' }, { kind: 'executed', result: 2 }]);
  });
});
