import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { Metrics } from '../support/metrics';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const recoveryMs = 30_000;

/** Waits until readiness is red and names this dependency. */
async function untilUnready(world: World, dependency: string): Promise<void> {
  await eventually(
    async () => {
      const { status, body } = await world.service.get('/health/ready');
      expect(status).toBe(503);
      expect(JSON.stringify(body).toLowerCase()).toContain(dependency);
    },
    { withinMs: recoveryMs },
  );
}

async function expectEachChargedOnce(world: World, payments: Payment[]): Promise<void> {
  await Promise.all(
    payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey, recoveryMs)),
  );
  const charges = await Promise.all(payments.map((payment) => world.sandbox.chargesFor(gatewayKey(payment))));
  expect(charges.map(({ length }) => length)).toEqual(payments.map(() => 1));
  expect(await world.broker.depth(deadLetterQueue)).toBe(0);
}

describe('Redis unreachable', () => {
  const world = useWorld({ own: { redis: true }, env: { IDEMPOTENCY_LEASE: '3' } });

  const outages = [
    { outage: 'killed', begin: () => world.redisServer.kill(), end: () => world.redisServer.restart() },
    { outage: 'frozen', begin: () => world.redisServer.freeze(), end: () => world.redisServer.thaw() },
    {
      outage: 'out of memory',
      begin: () => world.redis.client.config('SET', 'maxmemory', '1'),
      end: () => world.redis.client.config('SET', 'maxmemory', '0'),
    },
    {
      outage: 'read-only, as after a failover',
      begin: () => world.redis.client.replicaof('127.0.0.1', 1),
      end: () => world.redis.client.replicaof('NO', 'ONE'),
    },
  ];

  describe.each(outages)('$outage', ({ begin, end }) => {
    const before = Array.from({ length: 30 }, () => aPayment({ amount: 1 }));
    const during = Array.from({ length: 5 }, () => aPayment({ amount: 2 }));

    it('fails closed: no charge without a lease, readiness is red, no delivery limit is used up; then it recovers', async () => {
      const trace = await world.broker.traceDeliveries();
      const charged = (await world.sandbox.charges()).length;
      await world.sandbox.fault({ kind: 'delay', delayMs: 100, when: 'before', times: before.length });
      for (const payment of before) await world.broker.publishPayment(payment);
      await eventually(async () => expect((await world.sandbox.charges()).length).toBeGreaterThan(charged));

      await begin();
      await untilUnready(world, 'redis');
      for (const payment of during) await world.broker.publishPayment(payment);
      expect(await Promise.all(during.map((payment) => gatewayCalls(world.sandbox, payment)))).toEqual(
        during.map(() => []),
      );
      await end();

      await eventually(() => world.service.answers('/health/ready', 200), { withinMs: recoveryMs });
      await expectEachChargedOnce(world, [...before, ...during]);
      const deliveries = [...before, ...during].map(
        ({ idempotencyKey }) => trace.deliveries(idempotencyKey).length,
      );
      expect(Math.max(...deliveries)).toBeLessThanOrEqual(5);
    });
  });

  it('killed while the gateway is answering: charged once, recorded when Redis is back', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 1500, when: 'after' });
    await eventually(async () => expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1));
    await world.redisServer.kill();
    await untilUnready(world, 'redis');
    await eventually(async () => expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1));
    await world.redisServer.restart();
    await expectEachChargedOnce(world, [payment]);
  });

  it('out of memory while the gateway is answering: the money has moved, so the record is still stored', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 1000 });
    await world.redis.client.config('SET', 'maxmemory', '1');
    await eventually(async () => expect(await world.redis.record(payment.idempotencyKey)).toBeDefined());
    await world.redis.client.config('SET', 'maxmemory', '0');
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('at the start: the service is live, waits, reports it, and becomes ready', async () => {
    await world.redisServer.kill();
    const late = await world.startService({ waitFor: 'live' });
    const { status, body } = await late.get('/health/ready');
    expect(status).toBe(503);
    expect(JSON.stringify(body)).toContain('redis');
    await world.redisServer.restart();
    await late.untilHealthy('ready');
    expect(late.running).toBe(true);
  });
});

describe('the readiness metric of the store, without payments', () => {
  const world = useWorld({ own: { redis: true } });
  const storeIsReady = async () => (await Metrics.of(world.service)).value('idempotency_store_ready');

  it('is 1 when Redis is healthy', async () => {
    expect(await storeIsReady()).toBe(1);
  });

  it('is 0 when Redis may evict records', async () => {
    await world.redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await untilUnready(world, 'allkeys-lru');
    expect(await storeIsReady()).toBe(0);
    await world.redis.client.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await storeIsReady()).toBe(1);
  });

  it('is 0 when Redis is down, and 1 when it is back', async () => {
    await world.redisServer.kill();
    await eventually(async () => expect(await storeIsReady()).toBe(0), { withinMs: recoveryMs });
    await world.redisServer.restart();
    await eventually(async () => expect(await storeIsReady()).toBe(1), { withinMs: recoveryMs });
  });
});
