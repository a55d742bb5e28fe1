/** Why a message is among the dead letters: the value of `x-dead-letter-reason`. */
export const DEAD_LETTER_REASONS = [
  'missing-idempotency-key',
  'invalid-idempotency-key',
  'invalid-message',
  'idempotency-key-reused',
  'outside-deduplication-window',
  'gateway-rejected',
  'gateway-outcome-unknown',
  'receipt-rejected',
  'event-undeliverable',
  'retries-exhausted',
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Why a message waits in a retry queue. */
export const PARK_REASONS = [
  'in-progress-elsewhere',
  'lease-lost',
  'store-unavailable',
  'gateway-unavailable',
  'gateway-unauthorized',
  'receipt-not-sent',
  /** A fault of ours, or a broker that did not take the event. */
  'attempt-failed',
] as const;
export type ParkReason = (typeof PARK_REASONS)[number];

/** What becomes of a message that was not processed. */
export type Fate =
  /** A copy waits in a retry queue for about `delayMs`, then comes back. */
  | {
      readonly kind: 'park';
      readonly reason: ParkReason;
      readonly delayMs: number;
      readonly attempts: number;
    }
  /** A copy goes where a person must look at it. */
  | {
      readonly kind: 'dead-letter';
      readonly reason: DeadLetterReason;
      readonly detail: string;
      readonly attempts: number;
    };

/** The waiting time to use for a wished one: the shortest that is not shorter, else the longest there is. */
export function delayAtLeast(wishedMs: number, delaysMs: readonly number[]): number {
  return delaysMs.find((delayMs) => delayMs >= wishedMs) ?? delaysMs.at(-1) ?? wishedMs;
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;

/**
 * Exponential backoff with full jitter: anywhere between nothing and twice the last bound, so that messages which
 * failed together do not come back together (M. Brooker, "Exponential Backoff And Jitter", AWS, 2015).
 *
 * @param attempt the attempt that failed, from 1
 * @param random a number from 0 up to 1
 */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
}
