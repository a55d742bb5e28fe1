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
import { FalseEventError } from './recorded-payments';
import { SmtpError } from './smtp-errors';

/**
 * With waits of up to a minute, half of that on average, about half an hour: longer than a mail server's restart or
 * its greylisting of strangers. After that a person should look, and replays what is among the dead letters.
 */
export const RECEIPT_MAX_ATTEMPTS = 60;

/** The one place that decides what becomes of an event for which no receipt was sent. */
export function receiptDispositionOf(
  outcome: Failure,
  history: MessageHistory,
  policy: RetryPolicy,
): Disposition {
  return dispositionOfFailure(outcome, history, {
    done: 'sent',
    dispositionOfFailedWork: (failed) => dispositionOfFailedWork(failed, policy),
  });
}

function dispositionOfFailedWork(failed: FailedAttempt, policy: RetryPolicy): Disposition {
  const { error, attempt } = failed;
  const isRejected =
    error instanceof FalseEventError || (error instanceof SmtpError && error.failure === 'rejected');
  return isRejected
    ? deadLetter('receipt-rejected', error, attempt)
    : tryAgain(failed, { policy, reason: 'receipt-not-sent' });
}
