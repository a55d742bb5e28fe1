import { amqpInstant } from '../../src/rabbitmq';

const instant = new Date('2026-11-28T12:34:56.000Z');
const seconds = instant.getTime() / 1000;

describe('a timestamp', () => {
  it.each([
    { unit: 'seconds', timestamp: seconds },
    { unit: 'milliseconds', timestamp: seconds * 1e3 },
    { unit: 'microseconds', timestamp: seconds * 1e6 },
    { unit: 'nanoseconds', timestamp: seconds * 1e9 },
  ])('is read in $unit, according to its size', ({ unit, timestamp }) => {
    expect(amqpInstant(timestamp)).toEqual({ instant, unit });
  });

  it.each([
    { timestamp: 0, unit: 'seconds' },
    { timestamp: 99_999_999_999, unit: 'seconds' },
    { timestamp: 100_000_000_000, unit: 'milliseconds' },
    { timestamp: 99_999_999_999_999, unit: 'milliseconds' },
    { timestamp: 100_000_000_000_000, unit: 'microseconds' },
    { timestamp: 99_999_999_999_999_980, unit: 'microseconds' },
    { timestamp: 1e17, unit: 'microseconds' },
    { timestamp: 1.2e18 - 2 ** 8, unit: 'microseconds' },
    { timestamp: 1.2e18, unit: 'nanoseconds' },
    { timestamp: 2 ** 64, unit: 'nanoseconds' },
  ])('of $timestamp is in $unit', ({ timestamp, unit }) => {
    expect(amqpInstant(timestamp)?.unit).toBe(unit);
  });

  it.each([
    { what: 'the smallest number that no unit fits', timestamp: 1e17 },
    { what: 'a Windows FILETIME', timestamp: 134_083_208_960_000_000 },
    { what: '.NET ticks', timestamp: 638_999_288_960_000_000 },
    { what: 'the largest number that no unit fits', timestamp: 1.2e18 - 2 ** 8 },
    { what: 'all bits set, as an unsigned -1', timestamp: 2 ** 64 },
    { what: 'more than a Date can hold', timestamp: 1e30 },
    { what: 'infinity', timestamp: Infinity },
  ])('is read as far in the future, never as no timestamp: $what', ({ timestamp }) => {
    const read = amqpInstant(timestamp)?.instant.getTime();
    expect(read).toBeGreaterThan(Date.parse('2500-01-01T00:00:00Z'));
  });

  it.each([0, -0.5, -1, -1e30, -Infinity])(
    'of %p is as long ago as it says, or as long as a Date can hold',
    (timestamp) => {
      const read = amqpInstant(timestamp)?.instant.getTime();
      expect(read).toBe(Math.max(timestamp * 1000, -8.64e15));
    },
  );

  it.each([Number.NaN, '1700000000', undefined, null, {}, true])(
    'is undefined if it is not a number: %p',
    (timestamp) => {
      expect(amqpInstant(timestamp)).toBeUndefined();
    },
  );
});
