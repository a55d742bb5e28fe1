import fc from 'fast-check';
import { printable, printableLines } from '../../../src/text/printable';

describe('foreign text', () => {
  it.each([
    ['a new line', 'one\ntwo', 'one\\ntwo'],
    ['a carriage return', 'one\rtwo', 'one\\rtwo'],
    ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
    ['a C1 control', '\u009b31m', '\\u009b31m'],
    ['DEL', '\u007f', '\\u007f'],
    ['a bidi override', 'abc\u202edef', 'abc\\u202edef'],
    ['a bidi isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['a line separator', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['a zero-width space', 'a\u200bb\ufeffc', 'a\\u200bb\\ufeffc'],
    ['a format character of two units', '\u{e0041}', '\\udb40\\udc41'],
    ['half a character', 'a\ud800b', 'a\\ud800b'],
  ])('has %s escaped', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each(['PAY-001', 'Müller & Söhne', '日本語', '👍', 'a\\nb'])('stays as it is: %s', (text) => {
    expect(printable(text)).toBe(text);
  });

  it('is cut to a length', () => {
    expect(printable('abcdef', 3)).toBe('abc…');
    expect(printable('abc', 3)).toBe('abc');
  });

  it('never contains control or format characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });

  it('stays the same document if it is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(printableLines(JSON.stringify(value, undefined, 2)))).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
    );
  });
});
