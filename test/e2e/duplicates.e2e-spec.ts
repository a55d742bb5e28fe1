import type { DeliveryTrace } from '../support/delivery-trace';
import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe('twenty concurrent duplicates over two processes, while the gateway takes a second', () => {
  const copies = 20;
  const world = useWorld({ services: 2, env: { IDEMPOTENCY_LEASE: '2' } });
  const payment = aPayment();
  let trace: DeliveryTrace;

  beforeAll(async () => {
    trace = await world.broker.traceDeliveries();
    await world.slowDown(payment, { ms: 1000 });
    await world.broker.publishPayment(payment, { copies });
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => trace.final(payment.idempotencyKey) === copies);
  });

  it('cause one charge', async () => {
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('cause one call to the gateway', async () => {
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
  });

  it('claim the key once', async () => {
    const { body } = await world.service.payment(payment.idempotencyKey);
    expect(body).toMatchObject({ attempts: 1 });
  });

  it('leave no dead letter', async () => {
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });

  it('are all acknowledged: the queue stays empty when both consumers have stopped', async () => {
    await Promise.all(world.services.map((service) => service.terminate()));
    expect(await world.broker.unfinished()).toEqual({});
  });
});

describe('different keys over two processes', () => {
  const world = useWorld({ services: 2 });

  it('do not wait for each other: each is charged once', async () => {
    const payments = Array.from({ length: 50 }, () => aPayment({ amount: 1 }));
    for (const payment of payments) await world.broker.publishPayment(payment, { copies: 2 });
    await eventually(async () => expect(await world.sandbox.charges()).toHaveLength(payments.length));
    await Promise.all(payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey)));
    const counts = await Promise.all(
      payments.map(async (payment) => (await world.sandbox.chargesFor(gatewayKey(payment))).length),
    );
    expect(new Set(counts)).toEqual(new Set([1]));
  });
});
