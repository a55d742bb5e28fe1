import { randomUUID } from 'node:crypto';
import { StoreUnavailableError, UnrecordableResultError } from 'nestjs-idempotent';
import { given, onVhost, ownDatabase, vhostName } from '../support/isolation';
import { Management } from '../support/management';
import { Shop } from '../support/shop/shop';

describe('a plain call of IdempotencyService.run()', () => {
  const vhost = vhostName();
  const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  let shop: Shop;
  let key: string;

  beforeAll(async () => {
    await management.createVhost(vhost);
    const rabbitmqUrl = onVhost(given('RABBITMQ_URL'), vhost);
    shop = await Shop.open({ rabbitmqUrl, redisUrl: ownDatabase(given('REDIS_URL')) });
  });
  beforeEach(() => {
    key = randomUUID();
  });
  afterAll(async () => {
    await shop.close();
    await management.deleteVhost(vhost);
  });

  it('runs the work once and replays its result', async () => {
    let runs = 0;
    const call = () =>
      shop.idempotency.run(key, () => Promise.resolve(++runs), { scope: 'plain', payload: { a: 1 } });
    expect([await call(), await call()]).toEqual([
      { kind: 'executed', result: 1 },
      { kind: 'replayed', result: 1 },
    ]);
  });

  it('reports a reused key and a key in progress', async () => {
    await shop.idempotency.run(key, () => Promise.resolve(1), { scope: 'plain', payload: 1 });
    await shop.redis.set(`lock:plain:${key}-inProgress`, 'another process', 'PX', 4_000);
    const other = await shop.idempotency.run(key, () => Promise.resolve(2), { scope: 'plain', payload: 2 });
    const inProgress = await shop.idempotency.run(`${key}-inProgress`, () => Promise.resolve(2), {
      scope: 'plain',
    });
    expect([other, inProgress]).toMatchObject([
      { kind: 'failed', code: 'idempotency-key-reused' },
      { kind: 'failed', code: 'in-progress' },
    ]);
  });

  it('waits for another process up to inProgressWaitMs', async () => {
    await shop.redis.set(`lock:plain:${key}`, 'another process', 'PX', 300);
    const outcome = await shop.idempotency.run(key, () => Promise.resolve(1), {
      scope: 'plain',
      inProgressWaitMs: 5_000,
    });
    expect(outcome).toEqual({ kind: 'executed', result: 1 });
  });

  it('runs again after forget()', async () => {
    let runs = 0;
    const call = () => shop.idempotency.run(key, () => Promise.resolve(++runs), { scope: 'plain' });
    await call();
    await shop.idempotency.forget({ scope: 'plain', key });
    expect(await call()).toEqual({ kind: 'executed', result: 2 });
  });

  it('is not run again when the result is not JSON: duplicates get the error, too', async () => {
    let runs = 0;
    const bad = () => shop.idempotency.run(key, () => Promise.resolve(BigInt(++runs)), { scope: 'plain' });
    await expect(bad()).rejects.toBeInstanceOf(UnrecordableResultError);
    await expect(bad()).rejects.toThrow('it is a bigint');
    expect(runs).toBe(1);
  });

  it.each([
    ['that is not JSON', (name: string) => shop.redis.set(name, 'no JSON')],
    ['of another type', (name: string) => shop.redis.lpush(name, 'an element')],
  ])('does not report a record %s as an unavailable store', async (_, spoil) => {
    await spoil(`idempotent:plain:${key}`);
    const call = shop.idempotency.run(key, () => Promise.resolve(1), { scope: 'plain' });
    await expect(call).rejects.not.toBeInstanceOf(StoreUnavailableError);
  });

  it('rejects an invalid key', async () => {
    await expect(
      shop.idempotency.run('two words', () => Promise.resolve(1), { scope: 'plain' }),
    ).rejects.toMatchObject({
      code: 'invalid-idempotency-key',
    });
  });
});
