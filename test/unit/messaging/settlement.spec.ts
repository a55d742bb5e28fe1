import { keptProperties, senderHeaders } from '../../../src/messaging/settlement';
import { aMessage } from './a-message';

describe('headers that travel on', () => {
  it("are the sender's, values untouched", () => {
    const headers = {
      'idempotency-key': 'abc',
      'x-correlation': { list: [1, 'two', null] },
      'x-deathly': 1,
      'x-attempts': 3,
      cc: 'lower case is nothing to the broker',
      'CC-copy': 'neither is this',
    };
    expect(senderHeaders(headers)).toEqual(headers);
  });

  it.each([
    'x-death',
    'x-first-death-exchange',
    'x-first-death-queue',
    'x-first-death-reason',
    'x-last-death-queue',
    'x-delivery-count',
    'x-acquired-count',
    'x-delivery-limit',
    'x-opt-deliver-by',
    'x-waiting-since',
    'CC',
    'BCC',
  ])('are without %s', (name) => {
    expect(senderHeaders({ [name]: ['anything'], kept: 1 })).toEqual({ kept: 1 });
  });

  it.each([undefined, null, 'text', 7])('are none where there is no table but %p', (headers) => {
    expect(senderHeaders(headers)).toEqual({});
  });

  it('keep a hostile __proto__ as the plain entry it was', () => {
    const kept = senderHeaders(JSON.parse('{"__proto__":{"idempotency-key":"stolen"}}'));
    expect(kept['idempotency-key']).toBeUndefined();
    expect(Object.keys(kept)).toEqual(['__proto__']);
  });
});

describe('properties that travel on', () => {
  const identity = {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    correlationId: 'order-17',
    messageId: 'message-17',
    timestamp: 1_900_000_000,
    type: 'payment.requested',
    appId: 'shop',
  };

  it('are those that say what the message is', () => {
    expect(keptProperties(aMessage({ properties: identity }), {})).toEqual({ ...identity, headers: {} });
  });

  it.each([
    { property: 'expiration', value: '1000' },
    { property: 'userId', value: 'shop' },
    { property: 'replyTo', value: 'amq.rabbitmq.reply-to' },
    { property: 'priority', value: 9 },
  ])('are without $property', ({ property, value }) => {
    expect(keptProperties(aMessage({ properties: { [property]: value } }), {})).not.toHaveProperty(property);
  });

  it('gain the headers that are added, which win over the same of the sender', () => {
    const message = aMessage({ properties: { headers: { 'x-attempts': 99, own: 'kept', 'x-death': [] } } });
    expect(keptProperties(message, { 'x-attempts': 2 }).headers).toEqual({ 'x-attempts': 2, own: 'kept' });
  });

  it('leave the message itself as it is', () => {
    const message = aMessage({ properties: { headers: { 'x-delivery-count': 1 } } });
    keptProperties(message, { 'x-attempts': 2 });
    expect(message.properties.headers).toEqual({ 'x-delivery-count': 1 });
  });
});
