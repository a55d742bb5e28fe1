import fc from 'fast-check';
import '../../../test/support/fixed-seed';
import { fingerprintOf } from '../src';
import { Engines, scope } from './engine-under-test';

/** The same content with the keys of every object in the opposite order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, reordered(member)]);
  return Object.fromEntries(entries.reverse());
}

/** Copies of a JSON value that each differ from it in one place, wherever that is. */
function changes(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    const items: unknown[] = value;
    const inside = items.flatMap((item, at) => changes(item).map((changed) => items.with(at, changed)));
    return [{ ...items }, [...items, null], ...(items.length > 0 ? [items.slice(1)] : []), ...inside];
  }
  if (typeof value === 'object' && value !== null) {
    const entries: [string, unknown][] = Object.entries(value);
    const without = entries.map((_, at) => Object.fromEntries(entries.toSpliced(at, 1)));
    const renamed = entries.map(([name, member], at) =>
      Object.fromEntries(entries.toSpliced(at, 1, [`${unusedName(entries)}${name}`, member])),
    );
    const inside = entries.flatMap(([name, member], at) =>
      changes(member).map((changed) => Object.fromEntries(entries.with(at, [name, changed]))),
    );
    return [Object.fromEntries([...entries, [unusedName(entries), null]]), ...without, ...renamed, ...inside];
  }
  if (typeof value === 'string') return [`${value}.`, `.${value}`, [value]];
  if (typeof value === 'number') return [String(value), value === 0 ? 1 : -value, value / 3 || 2];
  return value === null
    ? [false, 'null', 0, [], {}]
    : [value !== true, null, value === true ? 'true' : 'false'];
}

/** A name that no entry has or begins with. */
function unusedName(entries: [string, unknown][]): string {
  return 'x'.repeat(1 + Math.max(0, ...entries.map(([name]) => name.length)));
}

describe('a fingerprint', () => {
  it('ignores the order of keys, at every depth', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (payload) => {
        expect(fingerprintOf(reordered(payload))).toBe(fingerprintOf(payload));
      }),
    );
  });

  it('changes with every other change of the payload', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (payload) => {
        const original = fingerprintOf(payload);
        expect(changes(payload).filter((changed) => fingerprintOf(changed) === original)).toEqual([]);
      }),
    );
  });

  it.each([
    ['the order of an array', [1, 2], [2, 1]],
    ['a number written as a string', { amount: 1 }, { amount: '1' }],
    ['null and a missing property', { a: null }, {}],
    ['undefined and null', undefined, null],
    ['undefined and the string "undefined"', undefined, 'undefined'],
    ['the parent of a property', { a: { b: 1 }, c: {} }, { a: {}, c: { b: 1 } }],
    ['the case of a letter', { a: 'x' }, { a: 'X' }],
    ['two ways to compose one letter', 'é', 'é'.normalize('NFD')],
    ['the last digit of a number', 0.1 + 0.2, 0.3],
  ])('differs for: %s', (_, one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
  });

  it.each([
    ['a number, however it is written', { amount: 100 }, { amount: 1e2 }],
    ['a property that JSON leaves out', { a: 1, b: undefined }, { a: 1 }],
    ['a class instance and its JSON', new Date(0), '1970-01-01T00:00:00.000Z'],
  ])('is the same for %s', (_, one, other) => {
    expect(fingerprintOf(one)).toBe(fingerprintOf(other));
  });

  it('stays the same in every version, because records outlive a deployment', () => {
    // Made with: printf '{"amount":99.99,"paymentId":"PAY-001"}' | openssl dgst -sha256 -binary | basenc --base64url | cut -c-22
    expect(fingerprintOf({ paymentId: 'PAY-001', amount: 99.99 })).toBe('kCRdVNQ4cv7Aj2bhnlIX1-');
  });

  it.each([NaN, Infinity, -Infinity])('throws for %d, which JSON cannot hold', (amount) => {
    expect(() => fingerprintOf({ amount })).toThrow();
  });

  it('is that of the record of a run with this payload', async () => {
    const { engine } = new Engines().start();
    const payload = { paymentId: 'PAY-001', amount: 99.99 };
    await engine.run('key', async () => 'paid', { scope, payload });
    const { record } = await engine.find({ scope, key: 'key' });
    expect(record?.fingerprint).toBe(fingerprintOf(payload));
  });

  it('throws for a cycle', () => {
    const order: Record<string, unknown> = {};
    order.self = order;
    expect(() => fingerprintOf(order)).toThrow();
  });
});
