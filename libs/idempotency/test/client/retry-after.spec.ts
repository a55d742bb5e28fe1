import { retryAfterMs } from '../../src/client/retry-after';

const now = Date.UTC(2026, 10, 29, 12, 0, 0);
const inTenSeconds = 'Sun, 29 Nov 2026 12:00:10 GMT';
const waitOf = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), now);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['7', 7_000],
    ['86400', 86_400_000],
    [inTenSeconds, 10_000],
    ['Sun, 29 Nov 2026 11:00:00 GMT', 0],
  ])('%s means a wait of %d ms', (value, ms) => {
    expect(waitOf({ 'retry-after': value })).toBe(ms);
  });

  it('as a date counts from the clock of the server, not of the client', () => {
    const date = 'Sun, 29 Nov 2026 12:00:04 GMT';
    expect(waitOf({ 'retry-after': inTenSeconds, date })).toBe(6_000);
  });

  it.each(['', '-1', '1.5', '1e3', '0x10', 'soon', '2026-11-29'])('"%s" is ignored', (value) => {
    expect(waitOf({ 'retry-after': value })).toBeUndefined();
  });

  it('is not there: no wait is asked for', () => {
    expect(waitOf({})).toBeUndefined();
  });
});
