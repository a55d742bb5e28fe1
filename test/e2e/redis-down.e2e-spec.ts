import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { Metrics } from '../support/metrics';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const patienceMs = 30_000;

/** Readiness is red and names Redis; what it says is answered. */
async function unreadyFor(world: World, dependency: string): Promise<void> {
  await eventually(
    async () => {
      const { status, body } = await world.service.get('/health/ready');
      expect(status).toBe(503);
      expect(JSON.stringify(body).toLowerCase()).toContain(dependency);
    },
    { withinMs: patienceMs },
  );
}

async function expectEachChargedOnce(world: World, payments: Payment[]): Promise<void> {
  await Promise.all(
    payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey, patienceMs)),
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
    const meanwhile = Array.from({ length: 5 }, () => aPayment({ amount: 2 }));

    it('fails closed: without a lease nothing is charged; readiness is red, deliveries are not burned; all goes on by itself', async () => {
      const trace = await world.broker.traceDeliveries();
      const charged = (await world.sandbox.charges()).length;
      await world.sandbox.fault({ kind: 'delay', delayMs: 100, when: 'before', times: before.length });
      for (const payment of before) await world.broker.publishPayment(payment);
      await eventually(async () => expect((await world.sandbox.charges()).length).toBeGreaterThan(charged));

      await begin();
      await unreadyFor(world, 'redis');
      for (const payment of meanwhile) await world.broker.publishPayment(payment);
      expect(await Promise.all(meanwhile.map((payment) => gatewayCalls(world.sandbox, payment)))).toEqual(
        meanwhile.map(() => []),
      );
      await end();

      await eventually(() => world.service.answers('/health/ready', 200), { withinMs: patienceMs });
      await expectEachChargedOnce(world, [...before, ...meanwhile]);
      const deliveries = [...before, ...meanwhile].map(
        ({ idempotencyKey }) => trace.deliveries(idempotencyKey).length,
      );
      expect(Math.max(...deliveries)).toBeLessThanOrEqual(5);
    });
  });

  it('killed while the gateway is answering: charged once, and recorded when Redis is back', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 1500, when: 'after' });
    await eventually(async () => expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1));
    await world.redisServer.kill();
    await unreadyFor(world, 'redis');
    await eventually(async () => expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1));
    await world.redisServer.restart();
    await expectEachChargedOnce(world, [payment]);
  });

  it('full while the gateway is answering: the money has moved, so the record is stored all the same', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 1000 });
    await world.redis.client.config('SET', 'maxmemory', '1');
    await eventually(async () => expect(await world.redis.record(payment.idempotencyKey)).toBeDefined());
    await world.redis.client.config('SET', 'maxmemory', '0');
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('at the start: the service is alive, waits and says so, and becomes ready by itself', async () => {
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

describe('what operators see of Redis when no payment comes', () => {
  const world = useWorld({ own: { redis: true } });
  const storeIsReady = async () => (await Metrics.of(world.service)).value('idempotency_store_ready');

  it('all is well', async () => {
    expect(await storeIsReady()).toBe(1);
  });

  it('that it may evict records', async () => {
    await world.redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await unreadyFor(world, 'allkeys-lru');
    expect(await storeIsReady()).toBe(0);
    await world.redis.client.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await storeIsReady()).toBe(1);
  });

  it('that it is away, and that it is back', async () => {
    await world.redisServer.kill();
    await eventually(async () => expect(await storeIsReady()).toBe(0), { withinMs: patienceMs });
    await world.redisServer.restart();
    await eventually(async () => expect(await storeIsReady()).toBe(1), { withinMs: patienceMs });
  });
});
