import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import { useWorld } from '../support/world';

describe('the log lines of a payment and its duplicate, without an endpoint for traces', () => {
  const world = useWorld({ services: 0 });
  const payment = aPayment();
  const contexts = ['PaymentService', 'MessagePipeline', 'PaymentLog'];
  const lines = () => world.service.logs.filter(({ context }) => contexts.includes(String(context)));

  beforeAll(async () => {
    const service = await world.startService({ env: { LOG_LEVEL: 'debug' } });
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment);
    await service.completedPayment(payment.idempotencyKey);
    await world.broker.publishPayment(payment);
    await eventually(() => expect(lines().map(({ msg }) => msg)).toContain('Duplicate detected'));
  });

  it('have payment, key and attempt', () => {
    expect(new Set(lines().map(({ msg }) => msg))).toEqual(
      new Set([
        'Processing payment',
        'Idempotency: acquired',
        'Idempotency: released',
        'Payment delayed',
        'Processing payment: success',
        'Idempotency: completed',
        'Duplicate detected',
      ]),
    );
    const { paymentId, idempotencyKey } = payment;
    for (const line of lines())
      expect(line).toMatchObject({ paymentId, idempotencyKey, attempt: expect.any(Number) });
  });

  it('have no trace id, because no trace began', () => {
    expect(lines().filter((line) => 'traceId' in line)).toEqual([]);
  });
});
