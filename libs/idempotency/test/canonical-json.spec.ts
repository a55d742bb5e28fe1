import canonicalize from 'canonicalize';
import fc from 'fast-check';
import '../../../test/support/fixed-seed';
import { canonicalJson } from '../src';

const anyName = fc.string({ unit: 'binary', maxLength: 3 });

const itself = {
  one: 1,
  toJSON() {
    return this;
  },
};

describe('canonical JSON', () => {
  it('is what the reference implementation of RFC 8785 writes, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
    );
  });

  it('orders names as the reference implementation does, however many there are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { maxLength: 40 }), (names) => {
        const value = Object.fromEntries(names.map((name, index) => [name, index]));
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
    );
  });

  it('is the same for objects with the same names, one after the other, one in the other, in any order', () => {
    const names = fc.subarray(['b', 'a', '10', '9', '"', 'é']);
    const object = fc.letrec((tie) => ({
      item: names.chain((some) =>
        fc.tuple(fc.shuffledSubarray(some), fc.oneof({ depthSize: 'small' }, fc.integer(), tie('item'))),
      ),
    })).item;
    const plain = (value: unknown): unknown => {
      if (!Array.isArray(value)) return value;
      const [some, member] = value as [string[], unknown];
      return Object.fromEntries(some.map((name) => [name, plain(member)]));
    };
    fc.assert(
      fc.property(fc.array(object), (items) => {
        const value = items.map(plain);
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
    );
  });

  it('holds what JSON.stringify writes, in another order', () => {
    fc.assert(
      fc.property(fc.object({ withDate: true, withSparseArray: true, maxDepth: 3 }), (value) => {
        expect(JSON.parse(canonicalJson(value) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('treats the property __proto__ of JSON.parse like any other', () => {
    expect(canonicalJson(JSON.parse('{"a":1,"__proto__":{"b":2}}'))).toBe('{"__proto__":{"b":2},"a":1}');
  });

  it.each([
    ['a number', Object(1)],
    ['a string', Object('one')],
    ['a boolean', { a: [Object(false)] }],
    [
      'an object with toJSON(), which gets its name',
      { a: { toJSON: (name: string) => name }, b: [new Date(0)] },
    ],
    ['an object whose toJSON() returns itself', { a: itself }],
  ])('writes %s like JSON.stringify', (_, value) => {
    expect(canonicalJson(value)).toBe(JSON.stringify(value));
  });

  it.each([undefined, () => 1, Symbol('one')])('leaves out %p', (value) => {
    expect(canonicalJson(value)).toBeUndefined();
    expect(canonicalJson({ a: value, b: 1, c: [value] })).toBe('{"b":1,"c":[null]}');
  });

  it.each([NaN, Infinity, -Infinity, 1n])('throws for %p', (value) => {
    expect(() => canonicalJson({ a: [value] })).toThrow('not JSON');
  });

  it('is the same for a buffer as for the JSON that Node makes of it', () => {
    for (const buffer of [Buffer.from([0, 7, 255]), Buffer.alloc(0)])
      expect(canonicalJson({ buffer })).toBe(canonicalJson({ buffer: buffer.toJSON() }));
  });
});
