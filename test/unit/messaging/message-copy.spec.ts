import fc from 'fast-check';
import codec from 'amqplib/lib/codec';
import { assertEncodable } from '../../../src/messaging/encodable';
import { copyOf, senderHeaders } from '../../../src/messaging/message-copy';
import { rawHeaders } from '../../support/raw-arbitraries';
import { aMessage } from './a-message';

describe('headers that are copied', () => {
  it("are the sender's, with unchanged values", () => {
    const headers = {
      'idempotency-key': 'abc',
      'x-correlation': { list: [1, 'two', null] },
      'x-deathly': 1,
      'x-attempts': 3,
      cc: 'the broker ignores lower case',
      'CC-copy': 'and this name',
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
    'x-publish-id',
    'CC',
    'BCC',
  ])('are without %s', (name) => {
    expect(senderHeaders({ [name]: ['anything'], kept: 1 })).toEqual({ kept: 1 });
  });

  it.each([undefined, null, 'text', 7])('are empty for %p instead of a table', (headers) => {
    expect(senderHeaders(headers)).toEqual({});
  });

  it('keep a hostile __proto__ as an ordinary entry', () => {
    const kept = senderHeaders(JSON.parse('{"__proto__":{"idempotency-key":"stolen"}}'));
    expect(kept['idempotency-key']).toBeUndefined();
    expect(Object.keys(kept)).toEqual(['__proto__']);
  });
});

it.each(['x-dead-letter-reason', 'x-dead-letter-detail', 'x-dead-lettered-at', 'x-original-routing-key'])(
  'a copy has no %s: a sender wrote it, or it belongs to the dead letter that is replayed',
  (name) => {
    expect(
      copyOf(aMessage({ properties: { headers: { [name]: 'x', kept: 1 } } })).properties.headers,
    ).toEqual({
      kept: 1,
    });
  },
);

describe('a copy that has no room for all headers', () => {
  const large = 'x'.repeat(32_700);

  it.each(['x-attempts', 'x-original-timestamp', 'x-other'])('keeps the key before %s', (name) => {
    const { properties, dropped } = copyOf(
      aMessage({ properties: { headers: { [name]: large, second: large, 'idempotency-key': 'abc' } } }),
    );
    expect(properties.headers['idempotency-key']).toBe('abc');
    expect(dropped).not.toBe('');
  });
});

describe('properties that are copied', () => {
  const identity = {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    correlationId: 'order-17',
    replyTo: 'answers',
    messageId: 'message-17',
    timestamp: 1_900_000_000,
    type: 'payment.requested',
    appId: 'shop',
    priority: 9,
  };

  it('are all that describe the message', () => {
    expect(copyOf(aMessage({ properties: identity }))).toEqual({
      properties: { ...identity, headers: {} },
      dropped: '',
    });
  });

  it.each([
    { property: 'expiration', value: '1000' },
    { property: 'clusterId', value: 'one' },
    { property: 'replyTo', value: 'amq.rabbitmq.reply-to' },
    { property: 'messageId', value: 'é'.repeat(200) },
    { property: 'timestamp', value: 1.5 },
  ])('do not include $property: $value, which is named', ({ property, value }) => {
    const { properties, dropped } = copyOf(aMessage({ properties: { [property]: value } }));
    expect(properties).toEqual({ headers: { 'x-dropped': property } });
    expect(dropped).toBe(property);
  });

  it('have the publishing user in a header, because the broker rejects any user id but our own', () => {
    const copy = copyOf(aMessage({ properties: { userId: 'shop' } }));
    expect(copy).toEqual({ properties: { headers: { 'x-publisher': 'shop' } }, dropped: '' });
    const { headers } = copy.properties;
    expect(copyOf(aMessage({ properties: { headers } })).properties.headers).toEqual(headers);
  });

  it('have the added headers, which replace those of the sender', () => {
    const message = aMessage({ properties: { headers: { 'x-attempts': 99, own: 'kept', 'x-death': [] } } });
    expect(copyOf(message, { 'x-attempts': 2 }).properties.headers).toEqual({ 'x-attempts': 2, own: 'kept' });
  });

  it('do not change the message itself', () => {
    const message = aMessage({ properties: { headers: { 'x-delivery-count': 1 } } });
    copyOf(message, { 'x-attempts': 2 });
    expect(message.properties.headers).toEqual({ 'x-delivery-count': 1 });
  });
});

describe('what a copy cannot keep', () => {
  const bad = { '!': 'bogus' };

  it('is named, also headers that request copies in other queues', () => {
    const headers = { CC: ['queue'], 'x-bad': bad };
    expect(copyOf(aMessage({ properties: { headers, expiration: '1000' } })).dropped).toBe(
      'CC, x-bad, expiration',
    );
  });

  it('is still named by the copy of a copy', () => {
    const first = copyOf(aMessage({ properties: { headers: { 'x-bad': bad }, expiration: '1' } }));
    expect(copyOf(aMessage({ properties: { headers: first.properties.headers } })).dropped).toBe(
      'x-bad, expiration',
    );
  });

  it('is named in a text of limited length, whatever the names are', () => {
    const headers = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`x-${index},\r\n${'n'.repeat(100)}`, bad]),
    );
    const { dropped } = copyOf(aMessage({ properties: { headers } }));
    expect(dropped).toMatch(/, 92 more$/);
    expect(dropped.length).toBeLessThan(400);
    expect(dropped).not.toMatch(/[\r\n]/);
  });

  it('is never the key or a header of the service, whatever else there is', () => {
    const headers = {
      'x-junk': 'j'.repeat(30_000),
      'x-more': 'm'.repeat(30_000),
      'idempotency-key': 'k'.repeat(255),
    };
    const { properties } = copyOf(aMessage({ properties: { headers: { ...headers, 'x-attempts': 3 } } }));
    expect(properties.headers).toMatchObject({
      'idempotency-key': headers['idempotency-key'],
      'x-attempts': 3,
    });
  });
});

describe('a header table as any client may write it', () => {
  it('gives a copy that this client can write, with headers that are read unchanged', () => {
    fc.assert(
      fc.property(rawHeaders, (bytes) => {
        const headers = codec.decodeFields(bytes);
        const { properties } = copyOf(aMessage({ properties: { headers } }), { 'x-attempts': 1 });
        assertEncodable(Buffer.from('{}'), properties);
        const table = Buffer.alloc(64 * 1024);
        const length = codec.encodeTable(table, properties.headers, 0);
        expect(codec.decodeFields(table.subarray(4, length))).toEqual(properties.headers);
      }),
    );
  });
});
