import type { DeliveryTrace } from '../support/delivery-trace';
import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { redisKeys } from '../support/redis';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const copies = 6;

describe('duplicate while the key is in progress, same process', () => {
  const world = useWorld({ env: { IDEMPOTENCY_LEASE: '30' } });
  const payment = aPayment();
  let trace: DeliveryTrace;
  let commandsOnRecord: string[];

  beforeAll(async () => {
    // A first payment loads the scripts into Redis, so that each command is then sent once.
    const warmUp = aPayment();
    await world.broker.publishPayment(warmUp);
    await world.service.completedPayment(warmUp.idempotencyKey);

    trace = await world.broker.traceDeliveries();
    const commands = await world.redis.watchCommands();
    await world.slowDown(payment, { ms: 1500 });
    await world.broker.publishPayment(payment, { copies });
    await eventually(() => trace.deliveries(payment.idempotencyKey).length === copies);
    await eventually(async () => expect(await world.redis.record(payment.idempotencyKey)).toBeDefined());
    commandsOnRecord = commands.naming(redisKeys(payment.idempotencyKey).record);
    commands.stop();
  });

  it('waits for the answer of the running call: one call to the gateway', async () => {
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
  });

  it('causes no broker traffic: no copy is delayed or redelivered', () => {
    expect(trace.delayed(payment.idempotencyKey)).toEqual([]);
    expect(trace.deliveries(payment.idempotencyKey)).toHaveLength(copies);
  });

  it('causes no Redis traffic: one begin and one complete for all copies', () => {
    expect(commandsOnRecord).toHaveLength(2);
  });
});

describe('duplicate while the key is in progress, in another process: a charge of 5 s under a lease of 3 s', () => {
  const world = useWorld({ services: 2, env: { IDEMPOTENCY_LEASE: '3', PAYMENT_MAX_ATTEMPTS: '1' } });
  const payment = aPayment();
  let trace: DeliveryTrace;

  beforeAll(async () => {
    trace = await world.broker.traceDeliveries();
    await world.slowDown(payment, { ms: 5000 });
    await world.broker.publishPayment(payment, { copies });
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => trace.final(payment.idempotencyKey) === copies);
  });

  it('does not run: one call to the gateway, one charge', async () => {
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('is delayed at least once: both processes had copies', () => {
    expect(trace.delayed(payment.idempotencyKey).length).toBeGreaterThan(0);
  });

  it('never spins: at most 3 redeliveries of each copy', () => {
    const ids = trace.deliveries(payment.idempotencyKey).map(({ messageId }) => messageId);
    const redeliveries = [...new Set(ids)].map((id) => ids.filter((other) => other === id).length - 1);
    expect(redeliveries).toHaveLength(copies);
    expect(Math.max(...redeliveries)).toBeLessThanOrEqual(3);
  });

  it('is not counted as a failed attempt', async () => {
    expect((await world.service.payment(payment.idempotencyKey)).body).toMatchObject({ attempts: 1 });
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('a key whose owner died without releasing its lock', () => {
  const world = useWorld({ env: { IDEMPOTENCY_LEASE: '5', PAYMENT_MAX_ATTEMPTS: '1' } });
  const payment = aPayment();
  let trace: DeliveryTrace;

  beforeAll(async () => {
    trace = await world.broker.traceDeliveries();
    await world.redis.client.set(redisKeys(payment.idempotencyKey).lock, 'an owner that died', 'PX', 5000);
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('is charged once when the lock has expired', async () => {
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('is redelivered at most 3 times in these 5 s', () => {
    expect(trace.deliveries(payment.idempotencyKey).length - 1).toBeLessThanOrEqual(3);
  });

  it('waits without using up the delivery limit', () => {
    expect(trace.deliveries(payment.idempotencyKey).filter(({ redelivered }) => redelivered)).toEqual([]);
  });
});
