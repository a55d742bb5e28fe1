import { originOf } from '../../../../src/operations/dead-letters/origin';
import { aMessage } from '../../messaging/a-message';

const header = 'x-original-routing-key';

describe('the queue that a dead letter is replayed to', () => {
  it.each([
    { routingKey: 'payment.requested', queue: 'payments.charge' },
    { routingKey: 'payment.succeeded', queue: 'notifications.receipt' },
  ])('is given by its header: $routingKey', ({ routingKey, queue }) => {
    const message = aMessage({ properties: { headers: { [header]: routingKey } } });
    expect(originOf(message)).toMatchObject({ name: queue, routingKey });
  });

  it.each([undefined, {}, { [header]: 'somewhere.else' }, { [header]: 7 }])(
    'is the queue of payment requests without a valid header of ours: %j',
    (headers) => {
      expect(originOf(aMessage({ properties: { headers } }))).toMatchObject({ name: 'payments.charge' });
    },
  );

  it.each(['notifications.receipt', 'payments.charge'])(
    'is the queue from which the broker moved it, whatever a header or its routing key says: %s',
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
