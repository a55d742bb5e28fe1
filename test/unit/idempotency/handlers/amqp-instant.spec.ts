import { amqpInstant } from '../../../../src/idempotency';

const instant = new Date('2026-11-28T12:34:56.000Z');
const seconds = instant.getTime() / 1000;

describe('a timestamp', () => {
  it.each([
    { unit: 'seconds', timestamp: seconds },
    { unit: 'milliseconds', timestamp: seconds * 1e3 },
    { unit: 'microseconds', timestamp: seconds * 1e6 },
    { unit: 'nanoseconds', timestamp: seconds * 1e9 },
  ])('is read in $unit, told by its magnitude', ({ unit, timestamp }) => {
    expect(amqpInstant(timestamp)).toEqual({ instant, unit });
  });

  it.each([
    { timestamp: 0, unit: 'seconds' },
    { timestamp: 99_999_999_999, unit: 'seconds' },
    { timestamp: 100_000_000_000, unit: 'milliseconds' },
    { timestamp: 99_999_999_999_999, unit: 'milliseconds' },
    { timestamp: 100_000_000_000_000, unit: 'microseconds' },
    { timestamp: 99_999_999_999_999_980, unit: 'microseconds' },
    { timestamp: 1.2e18, unit: 'nanoseconds' },
    { timestamp: 2 ** 64 - 2 ** 12, unit: 'nanoseconds' },
  ])('of $timestamp is in $unit', ({ timestamp, unit }) => {
    expect(amqpInstant(timestamp)?.unit).toBe(unit);
  });

  it.each([-1, 1e17, 2 ** 64, Number.NaN, Infinity, '1700000000', undefined, null, {}])(
    'is not a time where it is %p',
    (timestamp) => {
      expect(amqpInstant(timestamp)).toBeUndefined();
    },
  );
});
