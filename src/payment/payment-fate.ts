import { InvalidIdempotencyKeyError, MissingIdempotencyKeyError, type Unprocessed } from '../idempotency';
import { backoffMs, type DeadLetterReason, type Fate } from '../messaging/fate';
import { GatewayError } from './gateway/payment-gateway';

/** What a fate depends on besides the outcome. */
export interface MessageHistory {
  /** Counted attempts, as the message itself says; 0 for a new one. */
  readonly attempts: number;
  /** Attempts made before a person replayed the message. */
  readonly attemptsBeforeReplay: number;
}

export interface RetryPolicy {
  readonly maxAttempts: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** After a lost lease somebody else is likely about to finish. */
const LEASE_LOST_PARK_MS = 1_000;
/** Consumption pauses while a dependency is away; what was in hand comes back when it has resumed, not before. */
const DEPENDENCY_AWAY_PARK_MS = 1_000;
const UNAUTHORIZED_PARK_MS = 5_000;

/** The one place that decides what becomes of a payment request that was not processed. */
export function fateOf(outcome: Unprocessed, history: MessageHistory, policy: RetryPolicy): Fate {
  const { attempts } = history;
  switch (outcome.kind) {
    case 'refused':
      return deadLetter(refusalReason(outcome.error), outcome.error, attempts);
    case 'busy':
      return { kind: 'park', delayMs: outcome.remainingMs, attempts, why: 'in progress elsewhere' };
    case 'mismatch':
      return deadLetter('idempotency-key-reused', 'the key was used before with another payload', attempts);
    case 'outside-window':
      return deadLetter(
        'outside-deduplication-window',
        'older than records are kept and nothing is known of it: it may have been charged and forgotten',
        attempts,
      );
    case 'lease-lost':
      return { kind: 'park', delayMs: LEASE_LOST_PARK_MS, attempts, why: 'the lease was lost' };
    case 'store-unavailable':
      return { kind: 'park', delayMs: DEPENDENCY_AWAY_PARK_MS, attempts, why: 'Redis is unavailable' };
    case 'failed':
      return fateOfFailure(outcome.error, outcome.attempt, history, policy);
    default:
      return outcome satisfies never;
  }
}

function fateOfFailure(error: unknown, attempt: number, history: MessageHistory, policy: RetryPolicy): Fate {
  // What is no gateway error is a fault of ours, and may be gone with the next version.
  const made = attempt > 0 ? attempt : history.attempts + 1;
  // Headers come from outside: what cannot be true is ignored.
  const before = history.attemptsBeforeReplay < made ? history.attemptsBeforeReplay : 0;
  const failure = error instanceof GatewayError ? error.failure : ({ kind: 'unavailable' } as const);
  switch (failure.kind) {
    case 'unavailable':
      if (made - before >= policy.maxAttempts) {
        return deadLetter('retries-exhausted', error, made);
      }
      return {
        kind: 'park',
        delayMs: Math.max(failure.retryAfterMs ?? 0, backoffMs(made - before, policy.random())),
        attempts: made,
        why: 'the gateway made no decision',
      };
    case 'unauthorized':
      return {
        kind: 'park',
        delayMs: UNAUTHORIZED_PARK_MS,
        attempts: history.attempts,
        why: 'the gateway refuses our key',
      };
    case 'rejected':
      return deadLetter('gateway-rejected', error, attempt);
    case 'key-reused':
      return deadLetter('idempotency-key-reused', error, attempt);
    case 'outcome-unknown':
      return deadLetter('gateway-outcome-unknown', error, attempt);
    default:
      return failure satisfies never;
  }
}

function refusalReason(error: unknown): DeadLetterReason {
  if (error instanceof MissingIdempotencyKeyError) return 'missing-idempotency-key';
  if (error instanceof InvalidIdempotencyKeyError) return 'invalid-idempotency-key';
  return 'invalid-message';
}

function deadLetter(reason: DeadLetterReason, detail: unknown, attempts: number): Fate {
  return {
    kind: 'dead-letter',
    reason,
    detail: detail instanceof Error ? detail.message : String(detail),
    attempts,
  };
}

/** Our own credentials say nothing about the payment: such an attempt does not count. */
export function isExcused(error: unknown): boolean {
  return error instanceof GatewayError && error.failure.kind === 'unauthorized';
}
