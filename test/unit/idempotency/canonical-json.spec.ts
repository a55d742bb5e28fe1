import canonicalize from 'canonicalize';
import fc from 'fast-check';
import '../../support/fixed-seed';
import { canonicalJson } from '../../../src/idempotency';

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

  it('holds what JSON.stringify writes, in another order', () => {
    fc.assert(
      fc.property(fc.object({ withDate: true, withSparseArray: true, maxDepth: 3 }), (value) => {
        expect(JSON.parse(canonicalJson(value) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('takes a property that JSON.parse made of __proto__ for what it is', () => {
    expect(canonicalJson(JSON.parse('{"a":1,"__proto__":{"b":2}}'))).toBe('{"__proto__":{"b":2},"a":1}');
  });

  it.each([
    ['a number', Object(1)],
    ['a text', Object('one')],
    ['a truth', { a: [Object(false)] }],
    ['what says its own form, told its name', { a: { toJSON: (name: string) => name }, b: [new Date(0)] }],
    ['what says itself for its own form', { a: itself }],
  ])('takes %s in an object for what JSON.stringify does', (_, value) => {
    expect(canonicalJson(value)).toBe(JSON.stringify(value));
  });

  it.each([undefined, () => 1, Symbol('one')])('has nothing to say of %p', (value) => {
    expect(canonicalJson(value)).toBeUndefined();
    expect(canonicalJson({ a: value, b: 1, c: [value] })).toBe('{"b":1,"c":[null]}');
  });

  it.each([NaN, Infinity, -Infinity, 1n])('refuses %p', (value) => {
    expect(() => canonicalJson({ a: [value] })).toThrow('not JSON');
  });
});
