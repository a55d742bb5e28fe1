import type { Unprocessed } from '../idempotency';
import type { Fate } from '../messaging/fate';
import type { MessageHistory } from '../messaging/message-history';
import {
  deadLetter,
  fateOfUnprocessed,
  tryAgain,
  type FailedAttempt,
  type RetryPolicy,
} from '../messaging/unprocessed-fate';
import { GatewayError } from './gateway/payment-gateway';

export type { MessageHistory, RetryPolicy };

const UNAUTHORIZED_PARK_MS = 5_000;

/** The one place that decides what becomes of a payment request that was not processed. */
export function fateOf(outcome: Unprocessed, history: MessageHistory, policy: RetryPolicy): Fate {
  return fateOfUnprocessed(outcome, history, {
    done: 'charged',
    fateOfFailure: (failed) => fateOfFailure(failed, policy),
  });
}

function fateOfFailure(failed: FailedAttempt, policy: RetryPolicy): Fate {
  const { error, attempt, history } = failed;
  // A fault of ours may be gone with the next version, and a broker that did not take the event may take it next time.
  if (!(error instanceof GatewayError)) {
    return tryAgain(failed, { policy, reason: 'attempt-failed' });
  }
  const { failure } = error;
  switch (failure.kind) {
    case 'unavailable':
      return tryAgain(failed, {
        policy,
        reason: 'gateway-unavailable',
        retryAfterMs: failure.retryAfterMs,
      });
    case 'unauthorized':
      return {
        kind: 'park',
        reason: 'gateway-unauthorized',
        delayMs: UNAUTHORIZED_PARK_MS,
        attempts: history.attempts,
      };
    case 'forbidden':
      return tryAgain(failed, { policy, reason: 'gateway-forbidden' });
    case 'rejected':
      return deadLetter('gateway-rejected', error, attempt);
    case 'key-reused':
      return deadLetter('gateway-key-reused', error, attempt);
    case 'outcome-unknown':
      return deadLetter('gateway-outcome-unknown', error, attempt);
    default:
      return failure satisfies never;
  }
}

/** Credentials that are refused to every payment say nothing about this one: such an attempt does not count. */
export function isExcused(error: unknown): boolean {
  return error instanceof GatewayError && error.failure.kind === 'unauthorized';
}
