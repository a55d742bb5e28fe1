import { InvalidIdempotencyKeyError, MissingIdempotencyKeyError } from '../src';
import { checkKey, isKey, propertyAt, readKey } from '../src/engine/idempotency-key';

const both = { header: 'idempotency-key', property: 'order.id' };
const headerOnly = { header: 'idempotency-key' };
const headersWith = (key: unknown) => ({ headers: { 'idempotency-key': key }, payload: {} });

/** An object as JSON.parse makes it from hostile text: with an own property `__proto__`. */
const parsed = (text: string): unknown => JSON.parse(text);

describe('a key', () => {
  it.each([
    ['one character', 'k'],
    ['255 characters', 'k'.repeat(255)],
    ['all visible ASCII characters', String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i))],
  ])('may be %s', (_, key) => {
    expect(readKey(headerOnly, headersWith(key))).toBe(key);
  });

  it.each([
    ['empty', '', '1 to 255'],
    ['256 characters long', 'k'.repeat(256), '256 characters'],
    ['with a space', 'two words', 'some of them not allowed'],
    ['with a line break at its end', 'key\n', 'some of them not allowed'],
    ['with a NUL', 'key\0', 'some of them not allowed'],
    ['with a letter outside ASCII', 'schlüssel', 'some of them not allowed'],
    ['a number', 7, 'not a number'],
    ['a boolean', true, 'not a boolean'],
    ['a buffer', Buffer.from('key'), 'not a buffer'],
    ['an object', { key: 'k' }, 'not a object'],
    ['an array', ['key'], 'not an array'],
    ['null', null, 'not null'],
  ])('is invalid when it is %s', (_, key, problem) => {
    expect(() => readKey(headerOnly, headersWith(key))).toThrow(InvalidIdempotencyKeyError);
    expect(() => readKey(headerOnly, headersWith(key))).toThrow(problem);
  });

  it('has an error that mentions its characters only if its length is allowed', () => {
    const problemOf = (key: string) => () => checkKey(key, 'argument');
    expect(problemOf(' ')).toThrow('it has 1 characters, some of them not allowed');
    expect(problemOf(' '.repeat(255))).toThrow('it has 255 characters, some of them not allowed');
    expect(problemOf('')).toThrow(/it has 0 characters$/);
    expect(problemOf('k'.repeat(256))).toThrow(/it has 256 characters$/);
  });

  it.each([
    ['k', true],
    ['two words', false],
    ['', false],
    [7, false],
  ])('is recognised by isKey(): %j, %j', (value, isValid) => {
    expect(isKey(value)).toBe(isValid);
  });

  it('is not quoted in the error if it is invalid', () => {
    expect(() => checkKey('canary canary', 'argument')).toThrow(/^(?!.*canary)/);
  });
});

describe('the location of a key', () => {
  it('is the header', () => {
    expect(readKey(both, { headers: { 'idempotency-key': 'abc' }, payload: {} })).toBe('abc');
  });

  it('is the property, if there is no header', () => {
    expect(readKey(both, { headers: {}, payload: { order: { id: 'abc' } } })).toBe('abc');
  });

  it('can be both, if they are equal', () => {
    const carrier = { headers: { 'idempotency-key': 'abc' }, payload: { order: { id: 'abc' } } };
    expect(readKey(both, carrier)).toBe('abc');
  });

  it('cannot be both, if they differ', () => {
    const carrier = { headers: { 'idempotency-key': 'abc' }, payload: { order: { id: 'ABC' } } };
    expect(() => readKey(both, carrier)).toThrow(InvalidIdempotencyKeyError);
    expect(() => readKey(both, carrier)).toThrow(/'idempotency-key'.*'order\.id'/);
  });

  it('cannot be the header, if the property is invalid', () => {
    const carrier = { headers: { 'idempotency-key': 'abc' }, payload: { order: { id: 7 } } };
    expect(() => readKey(both, carrier)).toThrow(InvalidIdempotencyKeyError);
  });

  it.each([
    ['there are no headers', { headers: undefined, payload: undefined }],
    ['the headers are a string', { headers: 'idempotency-key', payload: 'order' }],
    ['the header has another case', { headers: { 'Idempotency-Key': 'abc' }, payload: {} }],
    ['the path does not exist', { headers: {}, payload: { order: null } }],
    ['the path leads into a string', { headers: {}, payload: { order: 'id' } }],
    [
      'only a prototype has the header',
      { headers: parsed('{"__proto__":{"idempotency-key":"abc"}}'), payload: {} },
    ],
    [
      'only a prototype has the property',
      { headers: {}, payload: parsed('{"__proto__":{"order":{"id":"abc"}}}') },
    ],
    ['an object inherits it', { headers: Object.create({ 'idempotency-key': 'abc' }), payload: {} }],
  ])('has no key if %s', (_, carrier) => {
    expect(() => readKey(both, carrier)).toThrow(MissingIdempotencyKeyError);
  });

  it('is named in the error if the key is missing', () => {
    expect(() => readKey(both, { headers: {}, payload: {} })).toThrow(
      "the header 'idempotency-key' or the property 'order.id' is required",
    );
  });
});

describe('a key that was read in another way', () => {
  it('is checked by the same rules', () => {
    expect(checkKey('abc', 'argument')).toBe('abc');
    expect(() => checkKey('a b', 'argument')).toThrow(InvalidIdempotencyKeyError);
  });

  it('is missing if it is undefined, and the error names its place', () => {
    expect(() => checkKey(undefined, 'argument')).toThrow(MissingIdempotencyKeyError);
    expect(() => checkKey(undefined, 'argument')).toThrow('argument');
  });
});

describe('a property path', () => {
  it.each([
    ['order.lines.0.sku', 'A'],
    ['order', { lines: [{ sku: 'A' }] }],
    ['order.lines.1.sku', undefined],
    ['order.lines.length.toFixed', undefined],
    ['order.constructor', undefined],
  ])('%s leads to %p', (path, value) => {
    expect(propertyAt({ order: { lines: [{ sku: 'A' }] } }, path)).toEqual(value);
  });
});
