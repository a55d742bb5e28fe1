import { encodableHeaders, shortText } from '../../../src/messaging/encodable';

describe('headers that can be sent again', () => {
  it.each([
    ['text', 'text'],
    ['a number', 17.5],
    ['nothing', null],
    ['bytes', Buffer.from([0, 255])],
    ['a table', { inner: [1, { deep: true }] }],
    ['a time stamp', { '!': 'timestamp', value: 1_700_000_000 }],
  ])('are kept: %s', (_, value) => {
    expect(encodableHeaders({ 'x-one': value })).toEqual({ 'x-one': value });
  });

  it.each([
    ['a mark that the client library does not know', { '!': 'bogus' }],
    ['no number', Number.NaN],
    ['a table with a member that shadows what the client library calls', { hasOwnProperty: 1 }],
    ['such a table further down', [{ inner: { '!': 'bogus' } }]],
  ])('are left out: %s', (_, value) => {
    expect(encodableHeaders({ 'x-bad': value, 'x-good': 1 })).toEqual({ 'x-good': 1 });
  });

  it('are left out where the name is longer than AMQP allows', () => {
    expect(encodableHeaders({ ['é'.repeat(200)]: 1 })).toEqual({});
  });

  it('fit into what the client library can encode', () => {
    const headers = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'y'.repeat(1_000)]));
    expect(JSON.stringify(encodableHeaders(headers)).length).toBeLessThan(34 * 1024);
  });
});

describe('a short property', () => {
  it('is kept as text of up to 255 bytes', () => {
    expect([shortText('id'), shortText('é'.repeat(128)), shortText(7)]).toEqual(['id', undefined, undefined]);
  });
});
