import type { Environment } from '../../config/environment';
import type { Period } from './reconciliation';

/** The clocks of gateway and Redis differ. */
const CLOCK_MARGIN_MS = 300_000;

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds in `90m`, `24h` or `7d`; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}

/** The period to compare; `agoMs` defaults to the time for which records are kept. */
export function periodOf(
  { idempotencyTtlSeconds, publisherClockToleranceMs }: Environment,
  agoMs: number | undefined,
  now: Date,
): Period {
  const recordsLiveMs = idempotencyTtlSeconds * 1000;
  const since = new Date(now.getTime() - (agoMs ?? recordsLiveMs));
  return {
    since,
    // An older message is not processed, so the first charge of a key can be at most this much older than the second.
    listedSince: new Date(since.getTime() - recordsLiveMs - CLOCK_MARGIN_MS - publisherClockToleranceMs),
    recordsSince: new Date(now.getTime() - recordsLiveMs + CLOCK_MARGIN_MS),
  };
}
