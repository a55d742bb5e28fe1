/** In what a publisher counts the time since 1970. AMQP says seconds; many write what their language counts in. */
export type TimestampUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds';

export interface AmqpInstant {
  readonly instant: Date;
  readonly unit: TimestampUnit;
}

/**
 * The first unit in which a number is a time before the year 5138; in the unit before it, the same number would be later
 * than that, in the one after it earlier than 1974. Nanoseconds count from 2008 on: RabbitMQ is hardly older.
 */
const UNITS: readonly { unit: TimestampUnit; from: number; below: number; perSecond: number }[] = [
  { unit: 'seconds', from: 0, below: 1e11, perSecond: 1 },
  { unit: 'milliseconds', from: 1e11, below: 1e14, perSecond: 1e3 },
  { unit: 'microseconds', from: 1e14, below: 1e17, perSecond: 1e6 },
  { unit: 'nanoseconds', from: 1.2e18, below: 2 ** 64, perSecond: 1e9 },
];

/** Reads the AMQP property `timestamp`, whatever unit its publisher counts in; undefined where it is not a time. */
export function amqpInstant(timestamp: unknown): AmqpInstant | undefined {
  if (typeof timestamp !== 'number') return undefined;
  const found = UNITS.find(({ from, below }) => timestamp >= from && timestamp < below);
  if (!found) return undefined;
  return { instant: new Date((timestamp / found.perSecond) * 1000), unit: found.unit };
}
