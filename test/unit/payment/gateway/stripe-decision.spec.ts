import { StripeGateway } from '../../../../src/payment/gateway/stripe-gateway';
import { aCharge, anIntent, useStubGateway } from '../../../support/stub-gateway';

describe('a payment that is canceled at the gateway', () => {
  const stub = useStubGateway();

  it('is declined as canceled, unless the gateway says why', async () => {
    const canceled = anIntent({ status: 'canceled' });
    const failed = { ...canceled, last_payment_error: { type: 'card_error', code: 'expired_card' } };
    const codes = [];
    for (const body of [canceled, failed]) {
      stub.answers(() => ({ body }));
      codes.push(await new StripeGateway(stub.environment).charge(aCharge()));
    }
    expect(codes).toEqual([
      { kind: 'declined', chargeId: 'pi_1', declineCode: 'canceled' },
      { kind: 'declined', chargeId: 'pi_1', declineCode: 'expired_card' },
    ]);
  });
});

describe('a look at a charge', () => {
  const stub = useStubGateway();

  it.each([
    { status: 'succeeded', end: { kind: 'succeeded', chargeId: 'pi_1' } },
    { status: 'canceled', end: { kind: 'declined', chargeId: 'pi_1', declineCode: 'canceled' } },
    { status: 'processing', end: undefined },
    { status: 'requires_action', end: undefined },
    { status: 'requires_capture', end: undefined },
  ] as const)('that is $status says whether it has ended', async ({ status, end }) => {
    stub.answers(() => ({ body: anIntent({ status }) }));
    const { idempotencyKey, customerId } = aCharge();
    expect(await new StripeGateway(stub.environment).look('pi_1')).toEqual({
      chargeId: 'pi_1',
      idempotencyKey,
      customerId,
      end,
    });
  });
});
