import { originOf } from '../../../src/dead-letters/origin';
import { aMessage } from '../messaging/a-message';

const header = 'x-original-routing-key';

describe('where a dead letter is replayed to', () => {
  it.each([
    { routingKey: 'payment.requested', queue: 'payments.charge' },
    { routingKey: 'payment.succeeded', queue: 'notifications.receipt' },
  ])('is what its header says: $routingKey', ({ routingKey, queue }) => {
    const message = aMessage({ properties: { headers: { [header]: routingKey } } });
    expect(originOf(message)).toMatchObject({ name: queue, routingKey });
  });

  it.each([undefined, {}, { [header]: 'somewhere.else' }, { [header]: 7 }])(
    'is the queue of payment requests where nothing of ours is said: %j',
    (headers) => {
      expect(originOf(aMessage({ properties: { headers } }))).toMatchObject({ name: 'payments.charge' });
    },
  );

  it.each(['notifications.receipt', 'payments.charge'])(
    'is the queue from which the broker took it, whatever a header or its routing key says: %s',
    (queue) => {
      const death = {
        queue,
        reason: 'expired' as const,
        count: 1,
        time: { '!': 'timestamp' as const, value: 0 },
        exchange: 'payments',
        'routing-keys': [],
      };
      for (const routingKey of ['payment.requested', 'payment.succeeded']) {
        const message = aMessage({
          properties: { headers: { [header]: routingKey, 'x-death': [death] } },
        });
        expect(originOf({ ...message, fields: { ...message.fields, routingKey } }).name).toBe(queue);
      }
    },
  );
});
