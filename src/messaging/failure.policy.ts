import { InvalidIdempotencyKeyError, MissingIdempotencyKeyError, type Failure } from '../idempotency';
import { backoffMs, type DeadLetterReason, type Disposition, type DelayReason } from './disposition';
import type { MessageHistory } from './message-history';
import { waitBeforeHandlerMs } from './topology';

export interface RetryPolicy {
  readonly maxAttempts: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** The work ran and threw. */
export interface FailedAttempt {
  readonly error: unknown;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /** What the key has been forgiven is in it, and nothing that headers say and cannot be true. */
  readonly history: MessageHistory;
  /** When the key is due again, where that was said under it: the copy waits for just as long. */
  readonly retryInMs?: number | undefined;
}

/** What is different from one kind of work to the other. */
export interface Work {
  /** What may have happened to a message that is older than records live: `charged`. */
  readonly done: string;
  readonly dispositionOfFailedWork: (failed: FailedAttempt) => Disposition;
}

/** After a lost lease somebody else is likely about to finish. */
const LEASE_LOST_DELAY_MS = 1_000;
/** Consumption pauses while Redis is away; what was in flight comes back when it has resumed, not before. */
const DEPENDENCY_AWAY_DELAY_MS = 1_000;

/** What becomes of a message that was not processed: the same for every work queue but where the work itself failed. */
export function dispositionOfFailure(outcome: Failure, history: MessageHistory, work: Work): Disposition {
  const { attempts } = history;
  switch (outcome.kind) {
    case 'refused':
      return deadLetter(refusalReason(outcome.error), outcome.error, attempts);
    case 'in-progress':
      return {
        kind: 'delay',
        reason: 'in-progress',
        delayMs: waitBeforeHandlerMs(outcome.remainingMs),
        attempts,
      };
    case 'idempotency-key-reused':
      return deadLetter('idempotency-key-reused', 'the key was used before with another payload', attempts);
    case 'retries-exhausted':
      return deadLetter(
        'retries-exhausted',
        `all ${outcome.attempts} attempts at this key have failed, those of other copies among them`,
        outcome.attempts,
      );
    case 'from-the-future':
      return deadLetter(
        'invalid-message',
        `its timestamp is ${Math.ceil(outcome.aheadMs / 1000)} s in the future, by the clock of Redis: mend the ` +
          "publisher's clock; PUBLISHER_CLOCK_TOLERANCE says how far it may be off",
        attempts,
      );
    case 'outside-deduplication-window':
      return deadLetter(
        'outside-deduplication-window',
        `older than records are kept and nothing is known of it: it may have been ${work.done} and forgotten`,
        attempts,
      );
    case 'lease-lost':
      return { kind: 'delay', reason: 'lease-lost', delayMs: LEASE_LOST_DELAY_MS, attempts };
    case 'store-unavailable':
      return { kind: 'delay', reason: 'store-unavailable', delayMs: DEPENDENCY_AWAY_DELAY_MS, attempts };
    case 'failed':
      return work.dispositionOfFailedWork(failedAttempt(outcome, history));
    default:
      return outcome satisfies never;
  }
}

/**
 * What the engine has counted is the key's, and so is what was forgiven to any of its copies. Only where the engine could
 * not count the headers do; they come from outside, and what cannot be true is ignored.
 */
function failedAttempt(failed: Extract<Failure, { kind: 'failed' }>, history: MessageHistory): FailedAttempt {
  const { error, attempt, forgivenAttempts = 0, retryInMs } = failed;
  if (attempt > 0)
    return { error, attempt, retryInMs, history: { ...history, attemptsBeforeReplay: forgivenAttempts } };
  const { attempts, attemptsBeforeReplay } = history;
  const before = attemptsBeforeReplay <= attempts ? attemptsBeforeReplay : 0;
  return { error, attempt: attempts + 1, retryInMs, history: { attempts, attemptsBeforeReplay: before } };
}

/** A gateway that asks for more is asked again after this long: a wrong number must not hold a payment up for years. */
const LONGEST_ASKED_MS = 3_600_000;

export interface Retry {
  readonly policy: RetryPolicy;
  readonly reason: DelayReason;
  /** The least that the other side wants us to wait. */
  readonly retryAfterMs?: number | undefined;
}

/** Another attempt after a backoff, as long as the policy allows one. */
export function tryAgain({ error, attempt, history, retryInMs }: FailedAttempt, retry: Retry): Disposition {
  const attemptsThatCount = attempt - history.attemptsBeforeReplay;
  if (attemptsThatCount >= retry.policy.maxAttempts) return deadLetter('retries-exhausted', error, attempt);
  const askedMs = Math.min(retry.retryAfterMs ?? 0, LONGEST_ASKED_MS);
  const delayMs = retryInMs ?? Math.max(askedMs, backoffMs(attemptsThatCount, retry.policy.random()));
  return { kind: 'delay', reason: retry.reason, delayMs, attempts: attempt };
}

export function deadLetter(reason: DeadLetterReason, detail: unknown, attempts: number): Disposition {
  return {
    kind: 'dead-letter',
    reason,
    detail: detail instanceof Error ? detail.message : String(detail),
    attempts,
  };
}

function refusalReason(error: unknown): DeadLetterReason {
  if (error instanceof MissingIdempotencyKeyError) return 'missing-idempotency-key';
  if (error instanceof InvalidIdempotencyKeyError) return 'invalid-idempotency-key';
  return 'invalid-message';
}
