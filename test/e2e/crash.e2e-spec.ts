import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import type { Service } from '../support/service';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe.each([
  { moment: 'before the gateway has charged', when: 'before' as const },
  { moment: 'after the gateway has charged and before it has answered', when: 'after' as const },
])('the process dies $moment', ({ when }) => {
  const world = useWorld({ env: { IDEMPOTENCY_LEASE: '2' } });
  const payment = aPayment();
  let survivor: Service;

  beforeAll(async () => {
    await world.beginSlowPayment(payment, { ms: 8000, when });
    // At once: on a busy machine another process may take longer to start than the payment.
    await world.service.kill();
    expect(await world.redis.record(payment.idempotencyKey)).toBeUndefined();
    survivor = await world.startService();
  });

  it('another process completes the payment', async () => {
    const { body } = await survivor.completedPayment(payment.idempotencyKey);
    expect(body).toMatchObject({ result: { status: 'succeeded' } });
  });

  it('the payment is charged once', async () => {
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('there is no dead letter', async () => {
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('the process dies between the record and the acknowledgement', () => {
  const world = useWorld({ services: 0, env: { IDEMPOTENCY_LEASE: '2' } });

  it('answers the redelivery from the record', async () => {
    const payment = aPayment();
    const first = await world.startService();
    await world.broker.publishPayment(payment);
    await first.completedPayment(payment.idempotencyKey);
    await first.kill();

    // Publishing again stands for the redelivery of an unacknowledged message: that instant is hard to hit.
    const second = await world.startService();
    const trace = await world.broker.traceDeliveries();
    await world.broker.publishPayment(payment);
    await eventually(() => trace.final(payment.idempotencyKey) === 1);
    await second.terminate();
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(await world.broker.unfinished()).toEqual({});
  });
});
