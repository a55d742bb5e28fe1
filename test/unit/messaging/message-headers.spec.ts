import { publisherOf, removeForeignHeaders } from '../../../src/messaging/message-headers';
import { HEADERS } from '../../../src/messaging/topology';
import { aMessage } from './a-message';

const everyHeader = () => ({
  ...Object.fromEntries(Object.values(HEADERS).map((name) => [name, 'x'])),
  'x-correlation': 'kept',
});

function cameThrough(exchange: string, headers: Record<string, unknown> | undefined) {
  const message = aMessage({ properties: { headers } });
  const delivered = { ...message, fields: { ...message.fields, exchange } };
  removeForeignHeaders(delivered);
  return delivered;
}

describe('headers that only the service may set', () => {
  it.each(['payments', 'payments.events', 'payments.dead-letter', 'amq.topic'])(
    'are removed from messages of the exchange %s, except the key',
    (exchange) => {
      expect(cameThrough(exchange, everyHeader()).properties.headers).toEqual({
        'idempotency-key': 'x',
        'x-correlation': 'kept',
      });
    },
  );

  it('are kept on messages of the default exchange, where no publisher may write', () => {
    expect(cameThrough('', everyHeader()).properties.headers).toEqual(everyHeader());
  });

  it('cause no error if there are no headers', () => {
    expect(cameThrough('payments', undefined).properties.headers).toBeUndefined();
  });
});

describe('the publisher of a message', () => {
  it('is the user id, which the broker has checked', () => {
    expect(publisherOf(aMessage({ properties: { userId: 'shop' } }))).toBe('shop');
  });

  it('is in a header of our copies, which have our own user id', () => {
    expect(publisherOf(aMessage({ properties: { headers: { 'x-publisher': 'shop' } } }))).toBe('shop');
  });

  it.each([undefined, ''])('is unknown if there is no user id: %j', (userId) => {
    expect(publisherOf(aMessage({ properties: { userId } }))).toBeUndefined();
  });

  it('is not what the header of a request says', () => {
    expect(publisherOf(cameThrough('payments', { 'x-publisher': 'victim' }))).toBeUndefined();
  });
});
