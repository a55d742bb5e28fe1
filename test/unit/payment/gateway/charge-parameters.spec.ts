import { StripeGateway } from '../../../../src/payment/gateway/stripe-gateway';
import { aCharge, anIntent, useStubGateway } from '../../../support/stub-gateway';

/**
 * Pinned as it goes over the wire. When this fails, leave the text as it is: the gateway would refuse the payments that
 * are under way. Add a version to `CHARGE_VERSIONS`, and its text here.
 */
const VERSION_1 = {
  amount: '9999',
  currency: 'usd',
  payment_method: 'pm_card_visa',
  'automatic_payment_methods[enabled]': 'true',
  'automatic_payment_methods[allow_redirects]': 'never',
  confirm: 'true',
  error_on_requires_action: 'true',
  'metadata[idempotency_key]': 'key-1',
  'metadata[payment_id]': 'PAY-001',
  'metadata[customer_id]': 'CUST-001',
};

describe('what is sent for a charge', () => {
  const stub = useStubGateway();

  async function sentFor(charge = aCharge()) {
    stub.answers(() => ({ body: anIntent() }));
    await new StripeGateway(stub.environment).charge(charge);
    const [request] = stub.requests;
    return {
      key: request?.headers['idempotency-key'],
      parameters: Object.fromEntries(new URLSearchParams(request?.body)),
    };
  }

  it('is exactly version 1', async () => {
    expect(await sentFor()).toEqual({ key: 'payment:key-1', parameters: VERSION_1 });
  });

  it('names the customer of a saved payment method, who is not there, and is as before without one', async () => {
    const { parameters } = await sentFor(aCharge({ gatewayCustomerId: 'cus_1' }));
    expect(parameters).toEqual({ ...VERSION_1, customer: 'cus_1', off_session: 'true' });
  });

  it.each([
    { currency: 'JPY', minorUnits: 500, amount: '500' },
    { currency: 'ISK', minorUnits: 500, amount: '50000' },
    { currency: 'UGX', minorUnits: 500, amount: '50000' },
    { currency: 'KWD', minorUnits: 5120, amount: '5120' },
    { currency: 'MGA', minorUnits: 100, amount: '100' },
    { currency: 'IDR', minorUnits: 150_000_000, amount: '150000000' },
  ] as const)(
    'has the amount in the unit of version 1: $currency',
    async ({ currency, minorUnits, amount }) => {
      const { parameters } = await sentFor(aCharge({ money: { currency, minorUnits } }));
      expect(parameters).toEqual({ ...VERSION_1, currency: currency.toLowerCase(), amount });
    },
  );

  it('has a gateway key of valid length, made from the longest idempotency key', async () => {
    const { key } = await sentFor(aCharge({ idempotencyKey: 'k'.repeat(255) }));
    expect(key).toBe('payment:767527047c4621915da44b8a2aa3165e70ee554e2563526df03765e8ed8d091e');
  });
});
