/** What went wrong, for programs. */
export type IdempotencyErrorCode =
  | 'missing-idempotency-key'
  | 'invalid-idempotency-key'
  | 'in-progress'
  | 'key-reused'
  | 'outside-deduplication-window'
  | 'from-the-future'
  | 'missing-timestamp'
  | 'retries-exhausted'
  | 'lease-lost'
  | 'store-unavailable';

/** Root of everything that the idempotency module throws; tell them apart by class or by `code`. */
export abstract class IdempotencyError extends Error {
  abstract readonly code: IdempotencyErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request carries no idempotency key. */
export class MissingIdempotencyKeyError extends IdempotencyError {
  readonly code = 'missing-idempotency-key';
}

/** The request's idempotency key is not 1 to 255 visible ASCII characters, or it carries two that differ. */
export class InvalidIdempotencyKeyError extends IdempotencyError {
  readonly code = 'invalid-idempotency-key';
}

/** Another consumer is working on the key. Come back when its lease may have ended. */
export class IdempotencyKeyInProgressError extends IdempotencyError {
  readonly code = 'in-progress';

  constructor(readonly remainingMs: number) {
    super(
      `the idempotency key is in progress elsewhere; its lease ends in ${remainingMs} ms unless it is renewed`,
    );
  }
}

/** The key was used before with another payload. Use a new key for a new request. */
export class IdempotencyKeyReusedError extends IdempotencyError {
  readonly code = 'key-reused';

  constructor() {
    super('the idempotency key was used before with another payload; a new request needs a new key');
  }
}

/** The request is older than a record lives and nothing is known of it: it may have been processed and forgotten. */
export class OutsideDeduplicationWindowError extends IdempotencyError {
  readonly code = 'outside-deduplication-window';

  constructor() {
    super('the request is older than records are kept, so it may have been processed and forgotten');
  }
}

/** The request says that it was made later than now, by more than clocks may differ. Mend the clock that wrote it. */
export class RequestFromTheFutureError extends IdempotencyError {
  readonly code = 'from-the-future';

  constructor(readonly aheadMs: number) {
    super(`the request says that it was made ${aheadMs} ms from now; the clock that wrote it is wrong`);
  }
}

/** The request does not say when it was made, where it must. */
export class MissingTimestampError extends IdempotencyError {
  readonly code = 'missing-timestamp';

  constructor() {
    super('it has no AMQP timestamp, so its age is not known and it may have been processed and forgotten');
  }
}

/** The key had all its attempts, each of which failed. */
export class RetriesExhaustedError extends IdempotencyError {
  readonly code = 'retries-exhausted';

  constructor(readonly attempts: number) {
    super(`all ${attempts} attempts at this idempotency key have failed, and no more are made`);
  }
}

/**
 * The lease ran out while the work was going on, so another consumer may have started it. Thrown by
 * `IdempotencyContext.assertHeld()`, and the reason of its abort signal.
 */
export class LeaseLostError extends IdempotencyError {
  readonly code = 'lease-lost';

  constructor() {
    super('the lease on the idempotency key was lost; another consumer may be working on it now');
  }
}

/** The store refused or did not answer in time. Whether the step was taken is unknown; `cause` says why. */
export class StoreUnavailableError extends IdempotencyError {
  readonly code = 'store-unavailable';

  constructor(step: string, cause: unknown) {
    super(
      `the idempotency store did not confirm '${step}': ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}
