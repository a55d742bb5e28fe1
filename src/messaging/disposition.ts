/**
 * Why a message is among the dead letters, and whether such a dead letter is the end of its key's payment. Where it is
 * not, the message never was that payment, or the payment has another end.
 */
export const DEAD_LETTERS = {
  'missing-idempotency-key': { endsPayment: false },
  'invalid-idempotency-key': { endsPayment: false },
  'invalid-message': { endsPayment: false },
  'idempotency-key-reused': { endsPayment: false },
  'outside-deduplication-window': { endsPayment: true },
  'gateway-rejected': { endsPayment: true },
  'gateway-key-reused': { endsPayment: true },
  'gateway-outcome-unknown': { endsPayment: true },
  'receipt-rejected': { endsPayment: false },
  'event-undeliverable': { endsPayment: false },
  'retries-exhausted': { endsPayment: true },
  /** The broker's own: the message came back unacknowledged too often. */
  'delivery-limit': { endsPayment: true },
  /** The broker's own: its sender let it expire, and that time was over before a consumer took it. */
  expired: { endsPayment: true },
} as const satisfies Record<string, { readonly endsPayment: boolean }>;

/** What the broker itself gives as its reason, in `x-death`. */
type BrokerReason = 'delivery-limit' | 'expired';

/** What the service writes into `x-dead-letter-reason`. */
export type DeadLetterReason = Exclude<keyof typeof DEAD_LETTERS, BrokerReason>;
export const DEAD_LETTER_REASONS = Object.keys(DEAD_LETTERS).filter(isOurs);

/** Whether a dead letter of a payment request is the end of its payment. */
export function endsPayment(reason: string): boolean {
  return isReason(reason) && DEAD_LETTERS[reason].endsPayment;
}

function isReason(reason: string): reason is keyof typeof DEAD_LETTERS {
  return Object.hasOwn(DEAD_LETTERS, reason);
}

function isOurs(reason: string): reason is DeadLetterReason {
  return isReason(reason) && reason !== 'delivery-limit' && reason !== 'expired';
}

/** Why a message waits in a retry queue. */
export const DELAY_REASONS = [
  'in-progress',
  'lease-lost',
  'store-unavailable',
  'gateway-unavailable',
  'gateway-unauthorized',
  'gateway-forbidden',
  'receipt-not-sent',
  /** A fault of ours, or a broker that did not take the event. */
  'attempt-failed',
] as const;
export type DelayReason = (typeof DELAY_REASONS)[number];

/** What becomes of a message that was not processed. */
export type Disposition =
  /** A copy waits in a retry queue for about `delayMs`, then comes back. */
  | {
      readonly kind: 'delay';
      readonly reason: DelayReason;
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
