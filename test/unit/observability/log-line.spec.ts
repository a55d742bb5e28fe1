import { lineFinisher } from '../../../src/observability/logging/log-line';

const finish = lineFinisher((line) => line);
const lineOf = (fields: unknown) => `${JSON.stringify(fields)}\n`;
/** What a program shows that has parsed the line. */
const shown = (fields: unknown): unknown => JSON.parse(finish(lineOf(fields)));

describe('a log line', () => {
  it('is not changed if there is nothing to redact, escape or shorten', () => {
    const line = lineOf({ level: 'info', msg: 'Payment "published"', path: 'a\\b', note: 'Müller\\n' });
    expect(finish(line)).toBe(line);
  });

  it.each([
    ['a new line', 'one\nlevel: error', 'one\\nlevel: error'],
    ['a tab and a return', 'a\tb\rc', 'a\\tb\\rc'],
    ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
    ['a C1 control', '\u009b31m', '\\u009b31m'],
    ['bidi marks', 'abc\u202edef\u2069', 'abc\\u202edef\\u2069'],
    ['a backslash before a new line', 'a\\\nb', 'a\\\\nb'],
  ])('has %s escaped, also after a program has parsed it', (_, text, seen) => {
    expect(shown({ msg: text, deep: { er: [text] } })).toEqual({ msg: seen, deep: { er: [seen] } });
  });

  it('keeps the lines of a stack trace', () => {
    const stack = 'Error: forged\nrow\n    at run (file.js:1:2)\n    at main (file.js:3:4)';
    expect(shown({ err: { stack } })).toEqual({
      err: { stack: 'Error: forged\\nrow\n    at run (file.js:1:2)\n    at main (file.js:3:4)' },
    });
  });

  it.each([20_000, 200_000, 2_000_000])(
    'has a limited length, and keeps its identifying fields: %d characters',
    (length) => {
      const names = Object.fromEntries(
        Array.from({ length: length / 20 }, (_, i) => [`field-${i}`, 'x'.repeat(8)]),
      );
      const line = lineOf({ level: 'warn', time: 'now', names, msg: 'Payment request dead-lettered' });
      const finished = finish(line);
      expect(finished.length).toBeLessThan(16 * 1024 + 1);
      expect(JSON.parse(finished)).toMatchObject({
        level: 'warn',
        time: 'now',
        msg: 'Payment request dead-lettered',
        charactersOfLine: expect.any(Number),
      });
    },
  );

  it('has a limited length if one text is long', () => {
    const finished = finish(lineOf({ level: 'error', err: { message: 'm'.repeat(100_000) }, msg: 'Lost' }));
    expect(finished.length).toBeLessThan(2_000);
    expect(finished).toContain('Lost');
  });

  it('is redacted before it is cut, so that no part of a secret stays', () => {
    const redacting = lineFinisher((line) => line.replaceAll('4242424242424242', '[redacted]'));
    const text = `${'x'.repeat(490)}4242424242424242${'y'.repeat(20_000)}`;
    expect(redacting(lineOf({ msg: text }))).not.toContain('4242');
  });
});
