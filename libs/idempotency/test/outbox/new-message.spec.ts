import { isKey } from '../../src/engine/idempotency-key';
import { defaultKey, newMessage } from '../../src/outbox/new-message';
import type { MessageOptions } from '../../src/outbox/outbox';

const name = { scope: 'transfer', key: 'k1' };

function message(content: unknown, options: MessageOptions = {}, exchange = 'bank', routingKey = 'paid') {
  return newMessage(name, 1, { exchange, routingKey, content, options });
}

describe('the default key of a message', () => {
  it('is the same in each attempt, and valid for every key of a request', () => {
    const request = { scope: 's'.repeat(64), key: '~'.repeat(255) };
    expect(defaultKey(request, 1)).toBe(defaultKey({ ...request }, 1));
    expect(isKey(defaultKey(request, 1_000))).toBe(true);
  });

  it('differs for each message, request and scope, whatever keys senders choose', () => {
    const first = defaultKey({ scope: 'a', key: 'b' }, 1);
    const keys = [
      first,
      defaultKey({ scope: 'a', key: 'b' }, 2),
      defaultKey({ scope: 'a', key: 'b:1' }, 1),
      defaultKey({ scope: 'a', key: 'b","1' }, 1),
      defaultKey({ scope: 'a:b', key: 'b' }, 1),
      defaultKey({ scope: 'ab', key: '' }, 1),
      defaultKey({ scope: 'a', key: first }, 1),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a message', () => {
  it('has its content and its headers as JSON, and its key', () => {
    const date = new Date(0);
    expect(message({ date, none: undefined, nul: '\0' }, { headers: { lane: 1 }, key: 'own' })).toEqual({
      ...{ scope: 'transfer', key: 'k1', exchange: 'bank', routingKey: 'paid' },
      content: '{"date":"1970-01-01T00:00:00.000Z","nul":"\\u0000"}',
      headers: '{"lane":1}',
      idempotencyKey: 'own',
    });
    expect(message([]).idempotencyKey).toBe(defaultKey(name, 1));
  });

  it.each([
    ['undefined', undefined, 'it is undefined'],
    ['a bigint', 1n, 'it is a bigint'],
    ['a bigint inside', { order: { total: 1n } }, "it has a bigint in 'total'"],
    ['binary data', Buffer.from('pdf'), 'it is binary data (Buffer)'],
    ['a function', () => 1, 'it is a function'],
    ['a promise', Promise.resolve(1), 'it is a promise, which must be awaited before'],
    ['a map', new Map(), 'it is a Map'],
    ['an object without JSON', { toJSON: (): unknown => undefined }, 'toJSON() returns undefined'],
  ])('is refused if its content is %s', (_, content, problem) => {
    expect(() => message(content)).toThrow(TypeError);
    expect(() => message(content)).toThrow(problem);
    expect(() => message(content)).toThrow("the content of a message to 'bank' (paid)");
  });

  it('is refused if its content has a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => message(cycle)).toThrow('circular');
  });

  it.each<[string, MessageOptions, string]>([
    ['is not valid', { key: 'with space' }, 'the option key must be'],
    ['is too long', { key: 'k'.repeat(256) }, 'the option key must be'],
    ['is a header', { headers: { 'Idempotency-Key': 'k' } }, 'set it with the option key'],
  ])('is refused if its key %s', (_, options, problem) => {
    expect(() => message(1, options)).toThrow(problem);
  });

  it.each<[string, MessageOptions, string]>([
    ['has no JSON', { headers: { rate: NaN } }, "the header 'rate' must be"],
    ['is an object', { headers: { nested: {} as string } }, "the header 'nested' must be"],
    ['has a name that is too long', { headers: { ['ä'.repeat(128)]: 1 } }, 'at most 255 bytes'],
    ['is too large', { headers: { note: 'n'.repeat(17_000) } }, 'move some of them to the content'],
  ])('is refused if a header %s', (_, options, problem) => {
    expect(() => message(1, options)).toThrow(problem);
  });

  it.each([
    ['the exchange', 'x'.repeat(256), 'paid'],
    ['the exchange', 'b\0', 'paid'],
    ['the routing key', 'bank', 'ä'.repeat(128)],
    ['the routing key', 'bank', '\ud800'],
  ])('is refused if %s cannot be sent as it is', (what, exchange, routingKey) => {
    expect(() => message(1, {}, exchange, routingKey)).toThrow(`${what} must be a text of at most 255 bytes`);
  });

  it('names everything that is wrong with it', () => {
    const options = { key: '', headers: { 'idempotency-key': 'k' } };
    expect(() => message(1, options, 'x'.repeat(256))).toThrow(
      /context\.publish\(\) in the scope 'transfer': the exchange .*; the header .*; the option key/,
    );
  });
});
