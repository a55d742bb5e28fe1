import {
  RetriesExhaustedError,
  IdempotencyKeyInProgressError,
  IdempotencyKeyReusedError,
  LeaseLostError,
  OutsideDeduplicationWindowError,
  RequestFromTheFutureError,
  type StoreUnavailableError,
} from './idempotency.errors';
import { errorFrom } from './remembered-error';
import type { ClaimedKey, IdempotencyRecord } from './store/idempotency-store';

/** The work's result is there: made now, or stored before. */
export type Answered<T> =
  { readonly kind: 'executed'; readonly result: T } | { readonly kind: 'replayed'; readonly result: T };

/** The work's error is final and recorded, now or before: its answer to every duplicate. */
export interface FinalError {
  readonly kind: 'final-error';
  readonly error: unknown;
  readonly replayed: boolean;
}

/** The engine decided that this request is not to be worked on, now or ever. */
export type Declined =
  /**
   * Another consumer works on it, and its lease ends in `remainingMs` unless it is renewed; or the last attempt failed, and
   * the next one is due in `remainingMs`.
   */
  | { readonly kind: 'in-progress'; readonly remainingMs: number }
  /** The key is bound to another payload. */
  | { readonly kind: 'idempotency-key-reused' }
  /** Its key had all the attempts that it may have, and the last of them has failed. */
  | { readonly kind: 'retries-exhausted'; readonly attempts: number }
  /** Older than records live, and nothing is known of it. */
  | { readonly kind: 'outside-deduplication-window' }
  /** Made later than now, by more than the clocks of publishers may be ahead. */
  | { readonly kind: 'from-the-future'; readonly aheadMs: number };

/** Something went wrong on the way. */
export type Failed =
  /**
   * The work threw; its lease is released. `attempt` counts from 1, over all processes; 0: before the work.
   * `forgivenAttempts`: how many of these use up no limit, where there are any. `retryInMs`: when the key may be worked on
   * again, where the claim says it.
   */
  | {
      readonly kind: 'failed';
      readonly error: unknown;
      readonly attempt: number;
      readonly forgivenAttempts?: number;
      readonly retryInMs?: number;
    }
  /** The lease was lost during the work, and nobody has stored a result yet. */
  | { readonly kind: 'lease-lost' }
  /** The store did not answer. Nothing was started, or what was done may not be recorded. */
  | { readonly kind: 'store-unavailable'; readonly error: StoreUnavailableError };

/** How a run ended. */
export type Outcome<T> = Answered<T> | FinalError | Declined | Failed;

/** The key is missing or invalid, or the payload was refused; nothing was claimed. */
export interface Refused {
  readonly kind: 'refused';
  readonly error: unknown;
}

/** Why a delivery was neither processed nor answered from a record. */
export type Failure = Refused | Declined | Failed;

/** What a record answers to a duplicate. */
export function replayOf<T>(record: IdempotencyRecord): Answered<T> | FinalError {
  // The scope and key are the same, so the result is of the type that the first run returned.
  return record.error
    ? { kind: 'final-error', error: errorFrom(record.error), replayed: true }
    : { kind: 'replayed', result: record.result as T };
}

/** The error that stands for an outcome, for callers who want exceptions. */
export function errorOf(outcome: Failure): unknown {
  switch (outcome.kind) {
    case 'refused':
    case 'failed':
    case 'store-unavailable':
      return outcome.error;
    case 'in-progress':
      return new IdempotencyKeyInProgressError(outcome.remainingMs);
    case 'idempotency-key-reused':
      return new IdempotencyKeyReusedError();
    case 'retries-exhausted':
      return new RetriesExhaustedError(outcome.attempts);
    case 'outside-deduplication-window':
      return new OutsideDeduplicationWindowError();
    case 'from-the-future':
      return new RequestFromTheFutureError(outcome.aheadMs);
    case 'lease-lost':
      return new LeaseLostError();
    default:
      return outcome satisfies never;
  }
}

/** Decides and carries out what becomes of a delivery that was not processed. */
export interface FailureHandler<Delivery = unknown> {
  /**
   * Resolves with `settled` when whatever replaces the delivery is safe (it is then acknowledged), and with `requeue`
   * when nothing could replace it. `claimed` is what was asked for; a refused delivery has none.
   */
  handle(delivery: Delivery, outcome: Failure, claimed?: ClaimedKey): Promise<'settled' | 'requeue'>;
}
