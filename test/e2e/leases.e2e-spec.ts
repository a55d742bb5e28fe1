import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { redisKeys } from '../support/redis';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const env = { IDEMPOTENCY_LEASE: '2' };

describe('a charge that takes longer than the lease', () => {
  const world = useWorld({ services: 2, env });

  it('renews its lease: one owner from begin to end', async () => {
    const payment = aPayment();
    const owners = new Set<string | null>();
    await world.slowDown(payment, { ms: 5000 });
    await world.broker.publishPayment(payment, { copies: 2 });
    await eventually(async () => expect(await world.redis.lock(payment.idempotencyKey)).not.toBeNull());
    await eventually(async () => {
      const { record, lock } = redisKeys(payment.idempotencyKey);
      const [stored, claim] = await world.redis.client.mget(record, lock);
      if (stored === null) owners.add(claim?.split(' ')[0] ?? null);
      expect(stored).not.toBeNull();
    });
    expect([...owners]).toEqual([expect.any(String)]);
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
  });
});

describe('a process frozen past its lease', () => {
  const world = useWorld({ env });
  const payment = aPayment();
  let recorded: string | null;

  beforeAll(async () => {
    await world.beginSlowPayment(payment, { ms: 1500, when: 'after' });
    world.service.freeze();
    const survivor = await world.startService();
    // The frozen process still has a connection below its prefetch, so it receives some of the copies.
    await world.broker.publishPayment(payment, { copies: 4 });
    await survivor.completedPayment(payment.idempotencyKey);
    recorded = await world.redis.recordText(payment.idempotencyKey);
    world.service.thaw();
    await world.service.untilHealthy('ready');
    await world.service.terminate();
    // Copies that were delayed while the key was in progress come back after their delay.
    await eventually(() => world.broker.isDrained());
    await survivor.terminate();
  });

  it('does not overwrite the record of the process that took over', async () => {
    expect(await world.redis.recordText(payment.idempotencyKey)).toBe(recorded);
  });

  it('makes no second charge', async () => {
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('leaves no messages and no dead letter behind', async () => {
    expect(await world.broker.unfinished()).toEqual({});
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('a lease that another owner has taken over', () => {
  const world = useWorld({ env });
  const payment = aPayment();
  const { lock } = redisKeys(payment.idempotencyKey);
  const newOwner = 'another-owner';
  const changeClaim = async (part: RegExp, by: string) => {
    const claim = (await world.redis.client.get(lock)) ?? '';
    expect(claim).toMatch(part);
    await world.redis.client.set(lock, claim.replace(part, by), 'KEEPTTL');
  };
  let ownerWhileDelayed: string | null;
  let recordWhileDelayed: unknown;

  beforeAll(async () => {
    const trace = await world.broker.traceDeliveries();
    await world.beginSlowPayment(payment, { ms: 2000, when: 'after' });
    await changeClaim(/^\S+ \d+ 1 /, `${newOwner} ${Date.now() + 8000} 2 `);
    await eventually(() => trace.delayed(payment.idempotencyKey).length > 0);
    ownerWhileDelayed = await world.redis.lock(payment.idempotencyKey);
    recordWhileDelayed = await world.redis.record(payment.idempotencyKey);
    // It dies.
    await changeClaim(/ \d+ /, ' 1 ');
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('is not released by its former owner', () => {
    expect(ownerWhileDelayed).toBe(newOwner);
  });

  it('prevents the former owner from writing the record, though the gateway charged', () => {
    expect(recordWhileDelayed).toBeUndefined();
  });

  it('still ends in one charge and one record', async () => {
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(await world.redis.record(payment.idempotencyKey)).toMatchObject({
      result: { status: 'succeeded' },
    });
  });

  it('counts each claim: the fencing token has grown', async () => {
    expect((await world.service.payment(payment.idempotencyKey)).body).toMatchObject({ attempts: 3 });
  });
});
