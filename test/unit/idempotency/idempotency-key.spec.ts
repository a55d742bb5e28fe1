import { InvalidIdempotencyKeyError, MissingIdempotencyKeyError } from '../../../src/idempotency';
import { checkKey, isKey, propertyAt, readKey } from '../../../src/idempotency/idempotency-key';

const both = { header: 'idempotency-key', property: 'order.id' };
const headerOnly = { header: 'idempotency-key' };
const headersWith = (key: unknown) => ({ headers: { 'idempotency-key': key }, payload: {} });

/** An object as a parser makes it of hostile text: with a `__proto__` of its own. */
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
    ['a table', { key: 'k' }, 'not a object'],
    ['a list', ['key'], 'not an array'],
    ['null', null, 'not null'],
  ])('is invalid when it is %s', (_, key, problem) => {
    expect(() => readKey(headerOnly, headersWith(key))).toThrow(InvalidIdempotencyKeyError);
    expect(() => readKey(headerOnly, headersWith(key))).toThrow(problem);
  });

  it('says of a length that is allowed what else is wrong, and of another nothing else', () => {
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
  ])('is told from anything else: %j', (value, isOne) => {
    expect(isKey(value)).toBe(isOne);
  });

  it('is not quoted when it is invalid', () => {
    expect(() => checkKey('canary canary', 'argument')).toThrow(/^(?!.*canary)/);
  });
});

describe('where a key is', () => {
  it('in the header', () => {
    expect(readKey(both, { headers: { 'idempotency-key': 'abc' }, payload: {} })).toBe('abc');
  });

  it('in the property, where there is no header', () => {
    expect(readKey(both, { headers: {}, payload: { order: { id: 'abc' } } })).toBe('abc');
  });

  it('in both, when they agree', () => {
    const carrier = { headers: { 'idempotency-key': 'abc' }, payload: { order: { id: 'abc' } } };
    expect(readKey(both, carrier)).toBe('abc');
  });

  it('is unclear when they differ', () => {
    const carrier = { headers: { 'idempotency-key': 'abc' }, payload: { order: { id: 'ABC' } } };
    expect(() => readKey(both, carrier)).toThrow(InvalidIdempotencyKeyError);
    expect(() => readKey(both, carrier)).toThrow(/'idempotency-key'.*'order\.id'/);
  });

  it('is unclear when the property is wrong although the header is right', () => {
    const carrier = { headers: { 'idempotency-key': 'abc' }, payload: { order: { id: 7 } } };
    expect(() => readKey(both, carrier)).toThrow(InvalidIdempotencyKeyError);
  });

  it.each([
    ['there are no headers', { headers: undefined, payload: undefined }],
    ['the headers are a text', { headers: 'idempotency-key', payload: 'order' }],
    ['the header has another case', { headers: { 'Idempotency-Key': 'abc' }, payload: {} }],
    ['the path leads nowhere', { headers: {}, payload: { order: null } }],
    ['the path leads into a text', { headers: {}, payload: { order: 'id' } }],
    [
      'only a prototype has the header',
      { headers: parsed('{"__proto__":{"idempotency-key":"abc"}}'), payload: {} },
    ],
    [
      'only a prototype has the property',
      { headers: {}, payload: parsed('{"__proto__":{"order":{"id":"abc"}}}') },
    ],
    ['an object inherits it', { headers: Object.create({ 'idempotency-key': 'abc' }), payload: {} }],
  ])('is nowhere when %s', (_, carrier) => {
    expect(() => readKey(both, carrier)).toThrow(MissingIdempotencyKeyError);
  });

  it('is said when it is missing', () => {
    expect(() => readKey(both, { headers: {}, payload: {} })).toThrow(
      "the header 'idempotency-key' or the property 'order.id' is required",
    );
  });
});

describe('a key that was read in some other way', () => {
  it('is checked all the same', () => {
    expect(checkKey('abc', 'argument')).toBe('abc');
    expect(() => checkKey('a b', 'argument')).toThrow(InvalidIdempotencyKeyError);
  });

  it('is missing, with its place, when it is undefined', () => {
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
