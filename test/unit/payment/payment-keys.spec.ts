import { parseEnvironment } from '../../../src/config/parse-environment';
import { InvalidIdempotencyKeyError } from 'nestjs-idempotent';
import { MissingPublisherError, PaymentKeys } from '../../../src/payment/payment-keys';
import { aMessage } from '../messaging/a-message';

const keysWith = (variables: Record<string, string>) =>
  new PaymentKeys(
    parseEnvironment({
      RABBITMQ_URL: 'amqp://the%20service:secret@rabbit',
      REDIS_URL: 'redis://redis',
      STRIPE_API_KEY: 'sk_test_spec',
      ...variables,
    }),
  );
const shared = keysWith({});
const perPublisher = keysWith({ KEYS_PER_PUBLISHER: 'true' });

/** A request with this key, published by this user. */
const request = (key: string, userId?: string) => ({
  source: aMessage({ properties: { userId } }),
  headers: { 'idempotency-key': key },
  payload: {},
  requestedAt: undefined,
});

describe('the key of a payment', () => {
  it('is the key of the request', () => {
    expect(shared.keyOf(request('abc', 'shop'))).toBe('abc');
    expect(shared.ofOurs('abc')).toBe('abc');
    expect(shared.userId).toBeUndefined();
  });
});

describe('a key of this service', () => {
  it('is known again as its message has it', () => {
    expect(shared.asSent(shared.within('a:b', 'shop'))).toBe('a:b');
    expect(perPublisher.asSent(perPublisher.within('a:b', 'the shop:1'))).toBe('a:b');
  });
});

describe("a publisher's own key", () => {
  it('starts with the name of the user who published the request', () => {
    expect(perPublisher.keyOf(request('abc', 'shop'))).toBe('shop:abc');
  });

  it.each([
    { one: ['a:b', 'c'], other: ['a', 'b:c'] },
    { one: ['a%3Ab', 'c'], other: ['a:b', 'c'] },
    { one: ['a', ':c'], other: ['a:', 'c'] },
  ] as const)(
    'differs from every key of another publisher, wherever names and keys have colons: $one, $other',
    ({ one, other }) => {
      const [user, key] = one;
      const [otherUser, otherKey] = other;
      expect(perPublisher.within(key, user)).not.toBe(perPublisher.within(otherKey, otherUser));
    },
  );

  it('has any user name of the broker, encoded as visible ASCII', () => {
    expect(perPublisher.within('abc', 'Café\u202e shop')).toMatch(/^[\x21-\x7E]+:abc$/);
  });

  it('is rejected if the request has no user id', () => {
    expect(() => perPublisher.keyOf(request('abc'))).toThrow(MissingPublisherError);
  });

  it('is rejected if it is too long with the name', () => {
    expect(perPublisher.within('k'.repeat(250), 'shop')).toHaveLength(255);
    expect(() => perPublisher.within('k'.repeat(251), 'shop')).toThrow(InvalidIdempotencyKeyError);
  });

  it('has the user of RABBITMQ_URL for requests of this process', () => {
    expect(perPublisher.userId).toBe('the service');
    expect(perPublisher.ofOurs('abc')).toBe('the%20service:abc');
  });

  it("has the AMQP client's default user if the URL has none", () => {
    const keys = keysWith({ KEYS_PER_PUBLISHER: 'true', RABBITMQ_URL: 'amqp://rabbit' });
    expect(keys.ofOurs('abc')).toBe('guest:abc');
  });
});
