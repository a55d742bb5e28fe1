import type { FailedWork } from './failure';
import type { IdempotencyContext } from './run-context';
import type { ClaimedKey } from '../stores/idempotency-store';

/** Settings of one piece of work. The defaults of the first three are the module's options. */
export interface RunSettings {
  /** How long a finished record answers duplicates, in seconds. */
  readonly ttlSeconds?: number;
  /** How long a dead owner blocks the key, in milliseconds. Renewed while the work runs. */
  readonly leaseMs?: number;
  /**
   * How long the work may take in all, in milliseconds; it is counted as failed after that, see `EngineOptions.maxWorkMs`.
   * Default: without a limit.
   */
  readonly maxWorkMs?: number;
  /** How long to wait for the answer of another process that works on the key, in ms. Default 0. */
  readonly inProgressWaitMs?: number;
  /**
   * Which results are final: recorded, and the answer to every duplicate. After another one the key is free for the next
   * request. Default: every result.
   */
  readonly rememberResult?: (result: unknown) => boolean;
  /** Which errors are final in the same way, as the answer to every duplicate. Default: none. */
  readonly rememberError?: (error: unknown) => boolean;
  /**
   * Runs the work in a transaction of the module's `transactions`, as `IdempotencyContext.transaction`, and stores the record
   * in the same one: both are there, or neither. Work that throws, or whose result is not final, is rolled back. Work that the
   * database refuses because of other transactions (a deadlock, a serialization failure) is run again at once, so an effect
   * outside the database does not belong in it. Default: false.
   */
  readonly transaction?: boolean;
  /**
   * Errors that prove that the work had no effect. Such a run does not count as an attempt and does not bind the key to its
   * payload; only the fencing token grows. Default: none.
   */
  readonly uncounted?: (error: unknown) => boolean;
}

/** One request to do a piece of work once. */
export interface RunRequest extends ClaimedKey, RunSettings {
  /** When the request was made. With it, a request that may have been processed and forgotten is not worked on. */
  readonly requestedAt?: Date;
  /**
   * Since when it has waited on our side: its age counts at that moment. Called only for a request that is too old
   * otherwise; see `IdempotencyContext.sinceForgottenMs` for one that is accepted for this reason.
   */
  readonly waitingSince?: () => Promise<Date | undefined>;
  /** No attempt starts once the key has this many counted ones, not including those forgiven. Default: no limit. */
  readonly maxAttempts?: number | undefined;
  /** How many of them are forgiven, for all requests of the key: see `AttemptPolicy`. Default: none. */
  readonly forgivenAttempts?: number | undefined;
  /**
   * How long the key waits after work that threw, in ms. Until then requests for it are answered like those of a key in
   * progress. Default: not at all.
   */
  readonly backoffMs?: (failed: FailedWork) => number | undefined;
}

/** Work that runs once for each key. Its result is recorded as JSON. */
export type Work<T> = (context: IdempotencyContext) => Promise<T>;

/** Turns a result into the JSON of its record. */
export type Serialize<T> = (result: T) => unknown;

/** Work that is asked for, and the key that it is to run under. */
export interface AskedWork<T> {
  readonly request: RunRequest;
  readonly work: Work<T>;
  readonly serialize: Serialize<T> | undefined;
}
