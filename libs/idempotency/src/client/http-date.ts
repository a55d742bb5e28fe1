const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms that a recipient must accept (RFC 9110, 5.6.7). `Date.parse` reads the last one as local time. */
const FORMS = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/**
 * The instant of an HTTP-date, in milliseconds since 1970; undefined if the text is not one.
 *
 * @example
 * parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT'); // 784111777000
 */
export function parseHttpDate(text: string, now = Date.now()): number | undefined {
  const fields = FORMS.map((form) => form.exec(text)?.groups).find(Boolean);
  if (!fields) return undefined;
  const { day, month = '', year = '', time = '' } = fields;
  const [hours, minutes, seconds] = time.split(':').map(Number);
  const at = MONTHS.indexOf(month);
  if (at === -1) return undefined;
  const instant = Date.UTC(fullYear(year, now), at, Number(day), hours, minutes, seconds);
  return Number.isNaN(instant) ? undefined : instant;
}

/** Two digits that appear to be more than 50 years ahead mean the latest such year in the past (RFC 9110, 5.6.7). */
function fullYear(year: string, now: number): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(now).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + Number(year);
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}
