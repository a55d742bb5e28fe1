import { originOf } from '../../../src/dead-letters/origin';
import { aMessage } from '../messaging/a-message';

const header = 'x-original-routing-key';

describe('where a dead letter is replayed to', () => {
  it.each(['payment.requested', 'payment.succeeded'])('is what its header says: %s', (routingKey) => {
    expect(originOf(aMessage({ properties: { headers: { [header]: routingKey } } }))).toBe(routingKey);
  });

  it.each([undefined, {}, { [header]: 'somewhere.else' }, { [header]: 7 }])(
    'is the queue of payment requests where nothing of ours is said: %j',
    (headers) => {
      expect(originOf(aMessage({ properties: { headers } }))).toBe('payment.requested');
    },
  );

  it.each([
    { routingKey: 'payment.succeeded', origin: 'payment.succeeded' },
    { routingKey: 'notifications.receipt', origin: 'payment.succeeded' },
    { routingKey: 'payments.charge', origin: 'payment.requested' },
  ])('is where the broker took it from, whatever a header says: $routingKey', ({ routingKey, origin }) => {
    const message = aMessage({ properties: { headers: { [header]: 'payment.requested' } } });
    expect(originOf({ ...message, fields: { ...message.fields, routingKey } })).toBe(origin);
  });
});
