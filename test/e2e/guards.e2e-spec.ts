import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { redisKeys } from '../support/redis';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

/** Each of the three guards with the other two off; a gateway that ignores keys switches the third one off. */
describe('the record alone', () => {
  const world = useWorld({ services: 2 });

  it('stops later duplicates: no lock is held, and the gateway ignores keys', async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'ignore-keys', times: 0 });
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.redis.lock(payment.idempotencyKey)).toBeNull();

    const trace = await world.broker.traceDeliveries();
    await world.broker.publishPayment(payment, { copies: 10 });
    await eventually(() => trace.final(payment.idempotencyKey) === 10);
    await Promise.all(world.services.map((service) => service.terminate()));
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('the lease alone', () => {
  const world = useWorld({ services: 2, env: { IDEMPOTENCY_LEASE: '2' } });

  it('stops concurrent duplicates: there is no record yet, and the gateway ignores keys', async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'ignore-keys', times: 0 });
    await world.slowDown(payment, { ms: 4000, when: 'after' });
    const trace = await world.broker.traceDeliveries();
    await world.broker.publishPayment(payment, { copies: 10 });
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => trace.final(payment.idempotencyKey) === 10);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('the gateway key alone', () => {
  const world = useWorld({ services: 2 });

  it('prevents a second charge for a duplicate when Redis has lost everything', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await world.redis.client.flushdb();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(2);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('prevents a second charge after a takeover when Redis loses the lock during the work', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 1500, when: 'after' });
    const trace = await world.broker.traceDeliveries();
    await world.redis.client.flushdb();
    await world.broker.publishPayment(payment, { copies: 4 });
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => trace.final(payment.idempotencyKey) >= 4);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('all three guards off', () => {
  const world = useWorld();

  it('the payment is charged twice, so the tests above would fail', async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'ignore-keys', times: 0 });
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await world.redis.client.del(redisKeys(payment.idempotencyKey).record);
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(2);
  });
});
