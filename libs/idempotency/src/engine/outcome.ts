import type { Failure, NotStarted } from './failure';
import type { BeginReply, IdempotencyRecord } from '../stores/idempotency-store';
import { errorFrom } from '../stores/stored-record';

/**
 * The result of the work: what it returned, if this run `executed` it; `replayed` from the record or the running call of
 * another one: `R`, made from the JSON of what the work returned.
 */
export type Answered<T, R = T> =
  | { readonly kind: 'executed'; readonly result: T }
  | {
      readonly kind: 'replayed';
      readonly result: R;
      /** Of the run that made the result; see `IdempotencyModuleOptions.origin`. */
      readonly origin?: string | undefined;
    };

/** The work threw an error that is remembered: recorded now or earlier, and the answer to every duplicate. */
export interface RememberedFailure {
  readonly kind: 'remembered-error';
  readonly error: unknown;
  readonly replayed: boolean;
  readonly origin?: string | undefined;
}

/** How a run ended. */
export type Outcome<T, R = T> = Answered<T, R> | RememberedFailure | Failure;

/** The answer of a record to a duplicate. */
export function replayOf({
  result,
  error,
  origin,
}: IdempotencyRecord): Answered<never, unknown> | RememberedFailure {
  if (error) return { kind: 'remembered-error', error: errorFrom(error), replayed: true, origin };
  return { kind: 'replayed', result, origin };
}

/** The failure for a store's reply that the work may not start. */
export function notStarted(
  reply: Exclude<BeginReply, { kind: 'acquired' | 'completed' | 'not-due' }>,
): NotStarted {
  const { kind: code } = reply;
  switch (code) {
    case 'in-progress':
      return { kind: 'failed', code, remainingMs: reply.remainingMs };
    case 'retries-exhausted':
      return { kind: 'failed', code, attempts: reply.attempts };
    case 'from-the-future':
      return { kind: 'failed', code, aheadMs: reply.aheadMs };
    default:
      return { kind: 'failed', code };
  }
}

const NOT_STARTED: readonly Failure['code'][] = [
  'in-progress',
  'idempotency-key-reused',
  'retries-exhausted',
  'outside-deduplication-window',
  'from-the-future',
];

export function isNotStarted(failure: Failure): failure is NotStarted {
  return NOT_STARTED.includes(failure.code);
}
