import type { ConsumeMessage } from 'amqplib';
import type { IncomingRequest } from './incoming-request';

/** An AMQP message as a request. Its properties come from outside, so they may have any type. */
export function amqpRequest(payload: unknown, message: ConsumeMessage): IncomingRequest {
  const headers: unknown = message.properties.headers;
  const timestamp: unknown = message.properties.timestamp;
  return {
    source: message,
    headers,
    payload,
    requestedAt: amqpInstant(timestamp)?.instant,
  };
}

/** The unit of a timestamp (time since 1970). AMQP requires seconds; many publishers send the unit of their language. */
export type TimestampUnit = 'seconds' | 'milliseconds' | 'microseconds' | 'nanoseconds';

/** A timestamp as it was read, and the unit that was assumed. */
export interface AmqpInstant {
  readonly instant: Date;
  readonly unit: TimestampUnit;
}

/**
 * A timestamp has the first unit in which it is before the year 5138; in the next unit, it would be before 1974.
 * Nanoseconds start in 2008, because RabbitMQ is hardly older. Numbers in between, such as .NET ticks and a Windows
 * FILETIME, are read as microseconds, far in the future, and not as "no timestamp": a message without an age would pass
 * the age check. For the same reason, the first and the last unit have no bound.
 */
const UNITS: readonly { unit: TimestampUnit; below: number; perSecond: number }[] = [
  { unit: 'seconds', below: 1e11, perSecond: 1 },
  { unit: 'milliseconds', below: 1e14, perSecond: 1e3 },
  { unit: 'microseconds', below: 1.2e18, perSecond: 1e6 },
];
const LAST_UNIT = { unit: 'nanoseconds', perSecond: 1e9 } as const;

/** The longest time from 1970 that a Date can hold. */
const FARTHEST_MS = 8.64e15;

/**
 * Reads the AMQP property `timestamp` in the unit that its size suggests; undefined if it is not a number.
 *
 * @example
 * amqpInstant(1_700_000_000_000); // { instant: 2023-11-14T22:13:20Z, unit: 'milliseconds' }
 */
export function amqpInstant(timestamp: unknown): AmqpInstant | undefined {
  if (typeof timestamp !== 'number' || Number.isNaN(timestamp)) return undefined;
  const { unit, perSecond } = UNITS.find(({ below }) => timestamp < below) ?? LAST_UNIT;
  const ms = (timestamp / perSecond) * 1000;
  return { instant: new Date(Math.min(Math.max(ms, -FARTHEST_MS), FARTHEST_MS)), unit };
}
