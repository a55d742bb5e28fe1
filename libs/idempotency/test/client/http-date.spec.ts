import { parseHttpDate } from '../../src/client/http-date';

const instant = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('an HTTP-date', () => {
  // The examples of RFC 9110, 5.6.7.
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'is read in each form of the RFC, whatever the time zone of the client: %s',
    (text) => {
      expect(parseHttpDate(text)).toBe(instant);
    },
  );

  it('of two digits is in the future by at most 50 years', () => {
    const now = Date.UTC(2026, 0, 1);
    const years = ['26', '76', '77'].map((year) => parseHttpDate(`Friday, 01-Jan-${year} 00:00:00 GMT`, now));
    expect(years).toEqual([2026, 2076, 1977].map((year) => Date.UTC(year, 0, 1)));
  });

  it.each([
    '',
    'soon',
    '120',
    '2026-11-29T12:00:00Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 06 Nop 1994 08:49:37 GMT',
  ])('is not: "%s"', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });
});
