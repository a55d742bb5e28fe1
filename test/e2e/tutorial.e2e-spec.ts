import type { DeliveryTrace } from '../support/delivery-trace';
import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe("the tutorial's six messages, published directly to the exchange", () => {
  const world = useWorld();
  const one = aPayment({ paymentId: 'PAY-001', amount: 99.99 });
  const two = aPayment({ paymentId: 'PAY-002', amount: 149.5 });
  const three = aPayment({ paymentId: 'PAY-003', amount: 20 });
  let trace: DeliveryTrace;

  beforeAll(async () => {
    trace = await world.broker.traceDeliveries();
    for (const payment of [one, two, three, one, one, two]) await world.broker.publishPayment(payment);
    await eventually(() => trace.final() === 6);
    await Promise.all(
      [one, two, three].map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey)),
    );
  });

  it('cause three charges at the gateway, each with the right amount in minor units', async () => {
    const charged = await world.sandbox.charges();
    expect(charged.map(({ amount }) => amount).sort()).toEqual([14950, 2000, 9999]);
  });

  it.each([one, two, three])('leave one charge and one record for $paymentId', async ({ idempotencyKey }) => {
    expect(await world.sandbox.chargesFor(gatewayKey({ idempotencyKey }))).toHaveLength(1);
    expect(await world.redis.record(idempotencyKey)).toMatchObject({ result: { status: 'succeeded' } });
  });

  it('are delivered six times: no duplicate is delivered again', () => {
    expect(trace.deliveries()).toHaveLength(6);
  });

  it('leave no dead letter', async () => {
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });

  it('are all acknowledged: the queue stays empty when the consumer has stopped', async () => {
    await world.service.terminate();
    expect(await world.broker.unfinished()).toEqual({});
  });
});
