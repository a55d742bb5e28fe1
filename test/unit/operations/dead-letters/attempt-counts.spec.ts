import { parseEnvironment } from '../../../../src/config/parse-environment';
import { claimedKeyOf, countsIn } from '../../../../src/operations/dead-letters/attempt-counts';
import { deadLetterFrom } from '../../../../src/operations/dead-letters/dead-letter';
import { PaymentKeys } from '../../../../src/payment/payment-keys';
import { aMessage } from '../../messaging/a-message';

const keys = new PaymentKeys(
  parseEnvironment({
    RABBITMQ_URL: 'amqp://rabbit',
    REDIS_URL: 'redis://redis',
    STRIPE_API_KEY: 'sk_test_spec',
    KEYS_PER_PUBLISHER: 'true',
  }),
);
const letterWith = (headers: Record<string, unknown>) =>
  deadLetterFrom(aMessage({ properties: { headers } }));
const ofRequest = { 'idempotency-key': 'abc', 'x-publisher': 'shop' };
const ofEvent = { 'idempotency-key': 'shop:abc', 'x-original-routing-key': 'payment.succeeded' };

describe('the idempotency key of a dead letter if keys are per publisher', () => {
  it.each([
    { what: "contains the publisher's name", headers: ofRequest, key: 'shop:abc' },
    { what: 'is the key of the payment for an event', headers: ofEvent, key: 'shop:abc' },
    {
      what: 'is undefined without a publisher',
      headers: { 'idempotency-key': 'abc' },
      key: undefined,
    },
    { what: 'is undefined if the message has no key', headers: { 'x-publisher': 'shop' }, key: undefined },
  ])('$what', ({ headers, key }) => {
    expect(claimedKeyOf(letterWith(headers), keys)).toBe(key);
  });

  it('is the key whose attempts are counted', async () => {
    const counts = countsIn(
      {
        find: async ({ scope, key }) => ({
          record: undefined,
          remainingLeaseMs: undefined,
          attempts: 9,
          countedAttempts: scope === 'payment' && key === 'shop:abc' ? 5 : 0,
          forgivenAttempts: 0,
        }),
      },
      keys,
    );
    expect(await counts(letterWith(ofRequest))).toBe(5);
    expect(await counts(letterWith({ 'idempotency-key': 'abc' }))).toBe(0);
  });
});
