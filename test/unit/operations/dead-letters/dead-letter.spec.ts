import { deadLetterContentFrom, deadLetterFrom } from '../../../../src/operations/dead-letters/dead-letter';
import { aMessage } from '../../messaging/a-message';

const headers = {
  'idempotency-key': 'abc',
  'x-dead-letter-reason': 'retries-exhausted',
  'x-dead-letter-detail': 'gateway unavailable',
  'x-dead-lettered-at': '2026-01-02T03:04:05.000Z',
  'x-attempts': 8,
  nested: { list: [1, 'two'], flag: true },
};
const properties = { messageId: 'message-17', timestamp: 1_767_225_600, headers };
const content = '{"paymentId":"PAY-001"}';

/** Any headers, because a publisher may write anything. */
const withHeaders = (table: object | undefined) => aMessage({ properties: { headers: { ...table } } });

const idOf = (changed: Parameters<typeof aMessage>[0] = {}) =>
  deadLetterFrom(aMessage({ properties, content, ...changed })).id;

describe('a dead letter of the service', () => {
  it('shows what an operator needs to know', () => {
    expect(deadLetterFrom(aMessage({ properties, content }))).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{12}$/),
      reason: 'retries-exhausted',
      endsPayment: true,
      detail: 'gateway unavailable',
      attempts: 8,
      routingKey: 'payment.requested',
      idempotencyKey: 'abc',
      publishedAt: '2026-01-01T00:00:00.000Z',
      deadLetteredAt: '2026-01-02T03:04:05.000Z',
    });
  });

  it('shows body and headers on request, without those that the broker added', () => {
    const withBrokers = {
      ...properties,
      headers: { ...headers, 'x-first-death-queue': 'payments.charge', 'x-delivery-count': 3 },
    };
    expect(deadLetterContentFrom(aMessage({ properties: withBrokers, content }))).toMatchObject({
      reason: 'retries-exhausted',
      body: content,
    });
    expect(deadLetterContentFrom(aMessage({ properties: withBrokers, content })).headers).toEqual(headers);
  });
});

describe('the key of a dead letter', () => {
  it.each([
    { what: 'the header', table: { 'idempotency-key': 'abc' }, body: '{"idempotencyKey":"def"}', key: 'abc' },
    { what: 'the body, without a header', table: {}, body: '{"idempotencyKey":"def"}', key: 'def' },
    { what: 'undefined if neither has one', table: {}, body: 'no JSON', key: undefined },
    { what: 'undefined if it is not a string', table: {}, body: '{"idempotencyKey":7}', key: undefined },
  ])('is $what', ({ table, body, key }) => {
    const message = aMessage({ properties: { headers: table }, content: body });
    expect(deadLetterFrom(message).idempotencyKey).toBe(key);
  });
});

describe('a dead letter of the broker', () => {
  const queue = 'payments.charge';

  it.each([
    { given: 'delivery_limit', reason: 'delivery-limit', detail: 'unacknowledged', endsPayment: true },
    { given: 'expired', reason: 'expired', detail: 'expiration', endsPayment: true },
    { given: 'maxlen', reason: 'maxlen', detail: 'removed it', endsPayment: false },
  ])('has its reason: $reason', ({ given, reason, detail, endsPayment }) => {
    const message = withHeaders({ 'x-death': [{ queue, reason: given }] });
    expect(deadLetterFrom(message)).toMatchObject({
      reason,
      detail: expect.stringContaining(detail),
      attempts: 0,
      endsPayment,
    });
  });

  it('has its latest reason if the message was in a retry queue before', () => {
    const waited = {
      'x-first-death-reason': 'expired',
      'x-death': [
        { queue, reason: 'delivery_limit' },
        { queue: 'payments.charge.retry.250', reason: 'expired' },
      ],
    };
    expect(deadLetterFrom(withHeaders(waited))).toMatchObject({
      reason: 'delivery-limit',
      endsPayment: true,
    });
  });

  it("has the broker's reason, whatever the publisher wrote in the service's headers", () => {
    const forged = {
      'x-dead-letter-reason': 'invalid-message',
      'x-death': [{ queue, reason: 'delivery_limit' }],
    };
    expect(deadLetterFrom(withHeaders(forged)).reason).toBe('delivery-limit');
  });

  it.each([
    {},
    undefined,
    { 'x-death': [] },
    { 'x-death': [7] },
    { 'x-death': 'expired' },
    { 'x-death': [{ reason: 'expired' }] },
  ])('is unknown if there is none: %j', (table) => {
    expect(deadLetterFrom(withHeaders(table)).reason).toBe('unknown');
  });
});

describe('the end of a payment', () => {
  it.each([
    { reason: 'retries-exhausted', routingKey: 'payment.requested', endsPayment: true },
    { reason: 'retries-exhausted', routingKey: 'payment.succeeded', endsPayment: false },
    { reason: 'idempotency-key-reused', routingKey: 'payment.requested', endsPayment: false },
    { reason: 'gateway-key-reused', routingKey: 'payment.requested', endsPayment: true },
    { reason: 'a reason of a later version', routingKey: 'payment.requested', endsPayment: false },
    { reason: 'toString', routingKey: 'payment.requested', endsPayment: false },
  ])('is decided by reason and origin: $reason, $routingKey', ({ reason, routingKey, endsPayment }) => {
    const table = { 'x-dead-letter-reason': reason, 'x-original-routing-key': routingKey };
    expect(deadLetterFrom(aMessage({ properties: { headers: table } })).endsPayment).toBe(endsPayment);
  });
});

describe('the texts of a dead letter', () => {
  it('are printable and bounded for any message', () => {
    const lie = 'x\n  forged row \u009b2J \u202e';
    const letter = deadLetterFrom(
      aMessage({
        properties: {
          headers: {
            'idempotency-key': lie,
            'x-dead-letter-reason': lie,
            'x-dead-letter-detail': lie.repeat(100),
            'x-dead-lettered-at': lie,
          },
        },
      }),
    );
    const texts = [letter.reason, letter.detail, letter.idempotencyKey, letter.deadLetteredAt];
    expect(texts.every((text) => text?.startsWith('x\\n  forged row \\u009b2J \\u202e'))).toBe(true);
    expect(texts.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(letter.detail.length).toBeLessThan(1_000);
  });
});

describe('the publisher of a dead letter', () => {
  it('is the user that the broker has verified', () => {
    expect(deadLetterFrom(aMessage({ properties: { userId: 'shop' } })).publisher).toBe('shop');
  });

  it('is the user named by a copy, which cannot carry the property', () => {
    expect(deadLetterFrom(withHeaders({ 'x-publisher': 'shop' })).publisher).toBe('shop');
  });
});

describe('a hostile dead letter', () => {
  it('has no field of a wrong type', () => {
    const hostile = {
      'idempotency-key': { toString: 'x' },
      'x-dead-letter-reason': ['retries-exhausted'],
      'x-dead-letter-detail': 7,
      'x-dead-lettered-at': true,
      'x-attempts': 'many',
    };
    expect(deadLetterFrom(aMessage({ properties: { headers: hostile, timestamp: 'yesterday' } }))).toEqual({
      id: expect.any(String),
      reason: 'unknown',
      endsPayment: false,
      routingKey: 'payment.requested',
      detail: expect.any(String),
      attempts: 0,
    });
  });

  it.each([8.64e12 + 1, 2 ** 63, -1e18])(
    'can be read although its timestamp is not a date: %d',
    (timestamp) => {
      expect(deadLetterFrom(aMessage({ properties: { headers, timestamp } }))).toMatchObject({
        reason: 'retries-exhausted',
        idempotencyKey: 'abc',
      });
    },
  );

  it.each([NaN, Infinity])('can be read although a header is %d', (number) => {
    const table = { ...headers, number };
    expect(deadLetterFrom(aMessage({ properties: { headers: table } }))).toMatchObject({
      idempotencyKey: 'abc',
    });
  });
});

describe('the id', () => {
  it('is the same whatever the order of the headers', () => {
    const { nested, ...rest } = headers;
    const reordered = Object.fromEntries(
      Object.entries({ nested: { flag: nested.flag, list: nested.list }, ...rest }).reverse(),
    );
    expect(idOf({ properties: { ...properties, headers: reordered } })).toBe(idOf());
  });

  it('is the same after the broker has counted a delivery', () => {
    const read = { ...headers, 'x-delivery-count': 4, 'x-acquired-count': 5 };
    expect(idOf({ properties: { ...properties, headers: read } })).toBe(idOf());
  });

  it.each([
    ['another body', { content: '{"paymentId":"PAY-002"}' }],
    ['another message id', { properties: { ...properties, messageId: 'message-18' } }],
    ['another time', { properties: { ...properties, timestamp: 1_767_225_601 } }],
    ['another header', { properties: { ...properties, headers: { ...headers, more: 1 } } }],
    ['another attempt', { properties: { ...properties, headers: { ...headers, 'x-attempts': 9 } } }],
  ])('differs for %s', (_, changed) => {
    expect(idOf(changed)).not.toBe(idOf());
  });
});
