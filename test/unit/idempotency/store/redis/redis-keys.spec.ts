import fc from 'fast-check';
import '../../../../support/fixed-seed';
import { keyBehind, redisKeys, redisPrefixes } from '../../../../../src/idempotency/store/redis/redis-keys';

const anyKey = fc.oneof(
  fc.string({ unit: fc.constantFrom('{', '}', '.', 'a', ':', 'brace'), minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  }),
);

describe.each(['standalone', 'cluster'] as const)('the names of a key, %s', (layout) => {
  it('give the key back', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const { record, lock, attempts } = redisKeys({ scope: 'payment', key }, layout);
        const keys = [record, lock, attempts].flatMap((name) => {
          const prefix = redisPrefixes('payment').find((candidate) => name.startsWith(candidate));
          return prefix === undefined ? [] : [keyBehind(name.slice(prefix.length), layout)];
        });
        expect(keys).toEqual([key, key, key]);
      }),
    );
  });
});
