import type { Failure } from '../idempotency';
import type { Disposition } from '../messaging/disposition';
import type { MessageHistory } from '../messaging/message-history';
import {
  deadLetter,
  dispositionOfFailure,
  tryAgain,
  type FailedAttempt,
  type RetryPolicy,
} from '../messaging/failure.policy';
import { GatewayError } from './gateway/payment-gateway';

export type { MessageHistory, RetryPolicy };

const UNAUTHORIZED_DELAY_MS = 5_000;

/** The one place that decides what becomes of a payment request that was not processed. */
export function dispositionOf(outcome: Failure, history: MessageHistory, policy: RetryPolicy): Disposition {
  return dispositionOfFailure(outcome, history, {
    done: 'charged',
    dispositionOfFailedWork: (failed) => dispositionOfFailedWork(failed, policy),
  });
}

function dispositionOfFailedWork(failed: FailedAttempt, policy: RetryPolicy): Disposition {
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
        kind: 'delay',
        reason: 'gateway-unauthorized',
        delayMs: UNAUTHORIZED_DELAY_MS,
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
export function isUncounted(error: unknown): boolean {
  return error instanceof GatewayError && error.failure.kind === 'unauthorized';
}
