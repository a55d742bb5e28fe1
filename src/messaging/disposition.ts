import type { Failure } from 'nestjs-idempotent';
import { messageOf } from '../text/message-of';
import type { MessageHistory } from './message-headers';
import { waitBeforeHandlerMs } from './topology';

/** Reasons of delays and dead letters that every queue has. */
export const COMMON_REASONS = {
  delay: ['in-progress', 'lease-lost', 'store-unavailable', 'attempt-failed'],
  deadLetter: [
    'missing-idempotency-key',
    'invalid-idempotency-key',
    'invalid-message',
    'idempotency-key-reused',
    'outside-deduplication-window',
    'retries-exhausted',
  ],
} as const;

/** Reasons that the broker itself gives, in `x-death`: unacknowledged too often, or expired as its publisher asked. */
export const BROKER_REASONS = ['delivery-limit', 'expired'] as const;

type CommonReason = (typeof COMMON_REASONS)[keyof typeof COMMON_REASONS][number];

/** A copy waits in a retry queue for about `delayMs`, then comes back. */
export interface Delay<Reason extends string = string> {
  readonly kind: 'delay';
  readonly reason: Reason | CommonReason;
  readonly delayMs: number;
  readonly attempts: number;
}

/** A copy goes to the dead letters, where a person must look at it. */
export interface DeadLetter<Reason extends string = string> {
  readonly kind: 'dead-letter';
  readonly reason: Reason | CommonReason;
  readonly detail: string;
  readonly attempts: number;
}

/** What is done with a message (the term is that of AMQP 1.0, part 3.4). */
export type Disposition = { readonly kind: 'ack' } | Delay | DeadLetter | { readonly kind: 'requeue' };

/** What a queue's policy decides about a failure. */
export interface Decision<Reason extends string = string> {
  readonly disposition: Delay<Reason> | DeadLetter<Reason>;
  /** Whether it was an attempt that counts against the limit. */
  readonly counts: boolean;
  /** Consumption pauses: all of it until the store answers, or this queue, by the name of one of its policy's pauses. */
  readonly pause?: string;
}

/** Limits and spreads the attempts at a message's work. */
export interface RetryLimits {
  readonly maxAttempts: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** After a lost lease the next owner is likely to finish soon. */
const LEASE_LOST_DELAY_MS = 1_000;
/** Consumption pauses while Redis is unavailable; messages in flight come back when it has resumed. */
const STORE_UNAVAILABLE_DELAY_MS = 1_000;

/**
 * Decides about every failure but that of the work itself: the same for all queues.
 *
 * @param done what may have happened to a message that is older than records live, such as `charged`
 */
export function decideCommon(
  failure: Exclude<Failure, { code: 'work-failed' }>,
  { attempts }: MessageHistory,
  done: string,
): Decision<never> {
  const delay = (reason: CommonReason, delayMs: number): Decision<never> => ({
    disposition: { kind: 'delay', reason, delayMs, attempts },
    counts: false,
  });
  const reject = (reason: CommonReason, detail: unknown, after = attempts): Decision<never> => ({
    ...deadLetter<never>(reason, detail, after),
    counts: false,
  });
  switch (failure.code) {
    case 'missing-idempotency-key':
    case 'invalid-idempotency-key':
      return reject(failure.code, failure.error);
    case 'missing-timestamp':
    case 'invalid-request':
      return reject('invalid-message', failure.error);
    case 'in-progress':
      return delay(failure.code, waitBeforeHandlerMs(failure.remainingMs));
    case 'idempotency-key-reused':
      return reject(failure.code, 'the key was used before with another payload');
    case 'retries-exhausted':
      return reject(
        failure.code,
        `all ${failure.attempts} attempts at this key have failed, those of other copies among them`,
        failure.attempts,
      );
    case 'from-the-future':
      return reject(
        'invalid-message',
        `its timestamp is ${Math.ceil(failure.aheadMs / 1000)} s in the future, by the clock of Redis: correct the ` +
          "publisher's clock; PUBLISHER_CLOCK_TOLERANCE says how far it may be off",
      );
    case 'outside-deduplication-window':
      return reject(
        failure.code,
        `older than records are kept, and there is no record: it may have been ${done} and forgotten`,
      );
    case 'lease-lost':
      return delay(failure.code, LEASE_LOST_DELAY_MS);
    case 'store-unavailable':
      return { ...delay(failure.code, STORE_UNAVAILABLE_DELAY_MS), pause: 'store' };
    default:
      return failure satisfies never;
  }
}

type WorkFailed = Extract<Failure, { code: 'work-failed' }>;

/**
 * Which attempt failed, from 1, and how many of the attempts do not count against the limit. The engine's counts belong to
 * the key, so to all copies of a message. Only if the engine could not count, the headers do; more forgiven attempts than
 * attempts cannot be true, and are ignored.
 */
export function attemptsOf(
  { attempt, forgivenAttempts = 0 }: WorkFailed,
  { attempts, attemptsBeforeReplay }: MessageHistory,
): { readonly attempt: number; readonly forgiven: number } {
  if (attempt > 0) return { attempt, forgiven: forgivenAttempts };
  const forgiven = attemptsBeforeReplay <= attempts ? attemptsBeforeReplay : 0;
  return { attempt: attempts + 1, forgiven };
}

/** The longest time that a gateway may ask for: a wrong number must not delay a payment for years. */
const LONGEST_ASKED_MS = 3_600_000;

/**
 * Another attempt after a backoff, while the limit allows one; then a dead letter.
 *
 * @param retryAfterMs the least that the other side asks us to wait
 */
export function tryAgain<Reason extends string>(
  failure: WorkFailed,
  history: MessageHistory,
  {
    maxAttempts,
    random,
    reason,
    retryAfterMs = 0,
  }: RetryLimits & { reason: NoInfer<Reason> | CommonReason; retryAfterMs?: number | undefined },
): Decision<Reason> {
  const { attempt, forgiven } = attemptsOf(failure, history);
  const counted = attempt - forgiven;
  if (counted >= maxAttempts) return deadLetter<Reason>('retries-exhausted', failure.error, attempt);
  const askedMs = Math.min(retryAfterMs, LONGEST_ASKED_MS);
  const delayMs = failure.retryInMs ?? Math.max(askedMs, backoffMs(counted, random()));
  return { disposition: { kind: 'delay', reason, delayMs, attempts: attempt }, counts: true };
}

/** A dead letter after an attempt that cannot succeed, or was the last. */
export function deadLetter<Reason extends string>(
  reason: NoInfer<Reason> | CommonReason,
  detail: unknown,
  attempts: number,
): Decision<Reason> {
  return { disposition: { kind: 'dead-letter', reason, detail: messageOf(detail), attempts }, counts: true };
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;

/**
 * Exponential backoff with full jitter: anywhere between zero and a bound that doubles, so that messages which failed
 * together do not come back together (M. Brooker, "Exponential Backoff And Jitter", AWS, 2015).
 *
 * @param attempt the attempt that failed, from 1
 * @param random a number from 0 up to 1
 */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
}

/** The delay to use for a requested one: the shortest that is not shorter, else the longest there is. */
export function delayAtLeast(requestedMs: number, delaysMs: readonly number[]): number {
  return delaysMs.find((delayMs) => delayMs >= requestedMs) ?? delaysMs.at(-1) ?? requestedMs;
}
