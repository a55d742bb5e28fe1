import { aPayment, gatewayKey } from '../support/payments';
import { useWorld } from '../support/world';

describe('a payment method that is saved at the gateway', () => {
  const world = useWorld();
  const saved = { paymentMethodId: 'pm_card_saved', gatewayCustomerId: 'cus_sandbox' };

  it('is charged with the customer that it belongs to', async () => {
    const payment = aPayment(saved);
    await world.broker.publishPayment(payment);
    expect(await world.service.completedPayment(payment.idempotencyKey)).toMatchObject({
      body: { result: { status: 'succeeded' } },
    });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it.each([
    { what: 'without that customer', customer: {}, says: 'send that one as gatewayCustomerId' },
    {
      what: 'with another customer',
      customer: { gatewayCustomerId: 'cus_another' },
      says: 'does not belong to the customer in gatewayCustomerId',
    },
  ])('is rejected $what, and the dead letter says so', async ({ customer, says }) => {
    await world.broker.publishPayment(aPayment({ paymentMethodId: 'pm_card_saved', ...customer }));
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'gateway-rejected', detail: expect.stringContaining(says) });
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('is part of the payment: the same key with another customer is another payload', async () => {
    const payment = aPayment(saved);
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await world.broker.publishPayment({ ...payment, gatewayCustomerId: 'cus_another' });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'idempotency-key-reused' });
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('has a customer whose id looks like one of the gateway', async () => {
    await world.broker.publishPayment(aPayment({ ...saved, gatewayCustomerId: 'CUST-001' }));
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({
      reason: 'invalid-message',
      detail: expect.stringContaining('gatewayCustomerId'),
    });
    await world.broker.takeDeadLetters(() => undefined);
  });
});
