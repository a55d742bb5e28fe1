import type { IdempotencyContext } from './idempotency.context';
import type { ClaimedKey } from './store/idempotency-store';

/** How a piece of work ended, for `remember` to judge. */
export type WorkEnd =
  | { readonly kind: 'returned'; readonly result: unknown }
  | { readonly kind: 'threw'; readonly error: unknown };

/** How one piece of work is to be treated; what is left out is as the module's options say. */
export interface RunSettings {
  /** How long a finished record answers duplicates, in seconds. */
  readonly ttlSeconds?: number;
  /** How long a dead owner blocks the key, in milliseconds. Renewed while the work goes on. */
  readonly leaseMs?: number;
  /** How long to wait for another process's answer before the key counts as busy, in ms. Default 0. */
  readonly inProgressWaitMs?: number;
  /**
   * Which ends are final: recorded, and the answer to every duplicate. What is not remembered frees the key for the
   * next request. Default: what the work returns, and nothing that it throws.
   */
  readonly remember?: (end: WorkEnd) => boolean;
  /**
   * Errors that prove that nothing has happened. Such a run leaves no trace but the fencing token: it does not count
   * as an attempt, and the key is not bound to its payload. Default: none.
   */
  readonly uncounted?: (error: unknown) => boolean;
}

/** Work that threw, for those who say when it is tried again. */
export interface FailedWork {
  readonly error: unknown;
  /** Which counted attempt it was, from 1. */
  readonly attempt: number;
  /** How many of the counted ones use up no limit; left out: none. */
  readonly forgivenAttempts?: number;
}

/** One request for a piece of work. */
export interface RunRequest extends ClaimedKey, RunSettings {
  /** When the request was made. With it, one that may have been processed and forgotten is declined. */
  readonly requestedAt?: Date;
  /**
   * Since when it has waited in our own hands, where it has: its age is that of this moment. Asked only about a request
   * that would be declined for its age; see `IdempotencyContext.sinceForgottenMs` for one that is taken after all.
   */
  readonly waitingSince?: () => Promise<Date | undefined>;
  /** The most counted attempts at its key, less those forgiven, that this request may add to. Default: no limit. */
  readonly maxAttempts?: number | undefined;
  /** How many of them are forgiven, for all requests of the key: see `AttemptPolicy`. Default: none. */
  readonly forgivenAttempts?: number | undefined;
  /**
   * How long the key waits after work that threw, in ms: until then every request for it is answered as one in progress.
   * Default: not at all.
   */
  readonly backoffMs?: (failed: FailedWork) => number | undefined;
}

/** What is to be done once. */
export type Work<T> = (context: IdempotencyContext) => Promise<T>;
