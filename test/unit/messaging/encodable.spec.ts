import {
  assertEncodable,
  encodableHeaders,
  isEncodableProperty,
  UnencodableMessageError,
} from '../../../src/messaging/encodable';

describe('headers that can be sent again', () => {
  it.each([
    ['text', 'text'],
    ['a number', 17.5],
    ['a large number', 2 ** 60],
    ['nothing', null],
    ['bytes', Buffer.from([0, 255])],
    ['a table', { inner: [1, { deep: true }] }],
    ['a time stamp', { '!': 'timestamp', value: 1_700_000_000 }],
    ['a decimal', { '!': 'decimal', value: { places: 2, digits: 9_999 } }],
  ])('are kept: %s', (_, value) => {
    expect(encodableHeaders({ 'x-one': value })).toEqual({ kept: { 'x-one': value }, dropped: [] });
  });

  it.each([
    ['a type tag that the client does not know', { '!': 'bogus' }],
    ['a type tag of the client without a value', { '!': 'timestamp' }],
    ['a type tag with a value of another type', { '!': 'decimal', value: 7 }],
    ['a table that would be written as another type', { '!': 'int8', value: 7 }],
    ['not a number', Number.NaN],
    ['a number that the client cannot write', -Infinity],
    ['a table with a member that hides a method that the client calls', { hasOwnProperty: 1 }],
    ['a table with a member named __proto__', { inner: JSON.parse('{"__proto__":1}') as unknown }],
    ['such a table at a deeper level', [{ inner: { '!': 'bogus' } }]],
    ['more than half of the buffer of the client', Array.from({ length: 5_000 }, () => 0.5)],
  ])('are left out and named: %s', (_, value) => {
    expect(encodableHeaders({ 'x-bad': value, 'x-good': 1 })).toEqual({
      kept: { 'x-good': 1 },
      dropped: ['x-bad'],
    });
  });

  it('are left out if the name is longer than AMQP allows', () => {
    const name = 'é'.repeat(200);
    expect(encodableHeaders({ [name]: 1 })).toEqual({ kept: {}, dropped: [name] });
  });

  it('leave room for those of the service: the first ones are kept', () => {
    const headers = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'y'.repeat(1_000)]));
    const { kept, dropped } = encodableHeaders(headers);
    expect(Object.keys(kept)).toEqual(Array.from({ length: 32 }, (_, i) => `x-${i}`));
    expect(dropped).toHaveLength(68);
  });
});

describe('a property of a message', () => {
  it.each([
    { name: 'messageId', value: 'id', is: true },
    { name: 'messageId', value: 'é'.repeat(128), is: false },
    { name: 'messageId', value: 7, is: false },
    { name: 'priority', value: 9, is: true },
    { name: 'priority', value: 'high', is: false },
    { name: 'timestamp', value: 1_900_000_000, is: true },
    { name: 'timestamp', value: 2 ** 53, is: true },
    { name: 'timestamp', value: 1.5, is: false },
    { name: 'timestamp', value: -1, is: false },
  ])('can be sent again by the client: $name $value, $is', ({ name, value, is }) => {
    expect(isEncodableProperty(name, value)).toBe(is);
  });
});

describe('a message', () => {
  it('that the client cannot write is rejected before the channel counts it', () => {
    const headers = { 'x-table': { '!': 'bogus' } };
    expect(() => assertEncodable(Buffer.from('{}'), { headers })).toThrow(UnencodableMessageError);
  });

  it('that the client can write is accepted', () => {
    expect(() =>
      assertEncodable(Buffer.from('{}'), { headers: { a: [1] }, messageId: 'id', persistent: true }),
    ).not.toThrow();
  });
});
