import { StripeCharges } from '../../../../src/payment/gateway/stripe-charges';
import { anIntent, errorBody, listOf, useStubGateway } from '../../../support/stub-gateway';

const SEARCH = 'GET /v1/payment_intents/search';

const states = {
  succeeded: true,
  processing: true,
  // An authorisation blocks the customer's money, too.
  requires_capture: true,
  requires_payment_method: false,
  requires_confirmation: false,
  requires_action: false,
  canceled: false,
} as const;

async function firstOf<T>(values: AsyncIterable<T>): Promise<T | undefined> {
  for await (const value of values) return value;
  return undefined;
}

describe('a payment at the gateway', () => {
  const stub = useStubGateway();

  it.each(Object.entries(states))('in the state %s is a charge: %s', async (status, isCharge) => {
    const intent = { ...anIntent(), status };
    stub.answers(({ route }) => (route.endsWith('/pi_1') ? { body: intent } : listOf([intent])));
    const charges = new StripeCharges(stub.environment);
    const found = [
      await firstOf(charges.chargesSince(new Date(0))),
      (await charges.chargesUnder(['key-1']))?.[0],
      await charges.charge('pi_1'),
    ];
    const charge = {
      chargeId: 'pi_1',
      idempotencyKey: 'key-1',
      createdAt: new Date('2026-01-02T12:00:00Z'),
      hasSucceeded: status === 'succeeded',
    };
    expect(found).toEqual(isCharge ? [charge, charge, charge] : [undefined, undefined, undefined]);
  });
});

describe('a search for the charges of some keys', () => {
  const stub = useStubGateway();

  it('searches for all of them, and ignores charges of similar keys', async () => {
    const other = anIntent({ metadata: { idempotency_key: 'KEY-1' } });
    stub.answers(() => listOf([other, anIntent()]));
    const found = await new StripeCharges(stub.environment).chargesUnder(['key-1', `it's`]);
    expect(found?.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1']);
    expect(stub.requests.map(({ query }) => query.get('query'))).toEqual([
      String.raw`metadata['idempotency_key']:'key-1' OR metadata['idempotency_key']:'it\'s'`,
    ]);
  });

  it.each([400, 403])('has no answer if it is not permitted: %d', async (status) => {
    stub.answers(({ route }) =>
      route === SEARCH ? { status, body: errorBody('invalid_request_error') } : listOf([]),
    );
    expect(await new StripeCharges(stub.environment).chargesUnder(['key-1'])).toBeUndefined();
  });
});
