/** In what a publisher counts the time since 1970. AMQP says seconds; many write what their language counts in. */
export type TimestampUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds';

export interface AmqpInstant {
  readonly instant: Date;
  readonly unit: TimestampUnit;
}

/**
 * The first unit in which a number is a time before the year 5138; in the unit before it, the same number would be later
 * than that, in the one after it earlier than 1974. Nanoseconds count from 2008 on: RabbitMQ is hardly older. What lies
 * between, such as .NET ticks and a Windows FILETIME, is a far future in every unit, and read as one: without an age a
 * message would pass the guard by age. For the same reason the first and the last unit have no bound.
 */
const UNITS: readonly { unit: TimestampUnit; below: number; perSecond: number }[] = [
  { unit: 'seconds', below: 1e11, perSecond: 1 },
  { unit: 'milliseconds', below: 1e14, perSecond: 1e3 },
  { unit: 'microseconds', below: 1.2e18, perSecond: 1e6 },
];
const LAST_UNIT = { unit: 'nanoseconds', perSecond: 1e9 } as const;

/** As far from 1970 as a Date can be. */
const FARTHEST_MS = 8.64e15;

/** Reads the AMQP property `timestamp`, whatever unit its publisher counts in; undefined where it is not a number. */
export function amqpInstant(timestamp: unknown): AmqpInstant | undefined {
  if (typeof timestamp !== 'number' || Number.isNaN(timestamp)) return undefined;
  const { unit, perSecond } = UNITS.find(({ below }) => timestamp < below) ?? LAST_UNIT;
  const ms = (timestamp / perSecond) * 1000;
  return { instant: new Date(Math.min(Math.max(ms, -FARTHEST_MS), FARTHEST_MS)), unit };
}
