import fc from 'fast-check';
import '../../../../../test/support/fixed-seed';
import { keyBehind, redisKeys, redisPrefixes } from '../../../src/stores/redis/redis-keys';

const anyKey = fc.oneof(
  fc.string({ unit: fc.constantFrom('{', '}', '.', 'a', ':', 'brace'), minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  }),
);

describe.each(['standalone', 'cluster'] as const)('the Redis keys of an idempotency key, %s', (layout) => {
  it('can be turned back into the key', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const { record, lock } = redisKeys({ scope: 'payment', key }, layout);
        const keys = [record, lock].flatMap((name) => {
          const prefix = redisPrefixes('payment').find((candidate) => name.startsWith(candidate));
          return prefix === undefined ? [] : [keyBehind(name.slice(prefix.length), layout)];
        });
        expect(keys).toEqual([key, key]);
      }),
    );
  });
});

describe('the Redis keys of an idempotency key', () => {
  const scoped = { scope: 'payment', key: 'abc-123' };

  it('have the documented names: record and lock', () => {
    expect(redisKeys(scoped, 'standalone')).toEqual({
      record: 'idempotent:payment:abc-123',
      lock: 'lock:payment:abc-123',
    });
  });

  it.each([
    ['abc-123', 'idempotent:payment:{abc-123}'],
    ['a}b', 'idempotent:payment:{a}b}'],
    ['}b', 'idempotent:payment:{brace}}b.'],
  ])('share a slot on Redis Cluster: %s', (key, record) => {
    expect(redisKeys({ scope: 'payment', key }, 'cluster')).toMatchObject({ record });
    expect(keyBehind(record.slice('idempotent:payment:'.length), 'cluster')).toBe(key);
  });
});
