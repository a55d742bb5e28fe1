/**
 * Why a request has no result: one code for each situation, the same in the store's replies, in events, in errors and
 * in the reasons of dead letters.
 */
export type Failure =
  | RejectedRequest
  | NotStarted
  /**
   * The work threw, and its lease is released. `attempt` counts from 1, over all processes; 0: it failed before the work
   * started. `forgivenAttempts`: how many of these do not count against the limit, if any. `retryInMs`: when work on the
   * key may start again, if the request says so.
   */
  | (Failed<'work-failed'> & FailedWork)
  /** The lease was lost during the work, and no result is stored yet. */
  | Failed<'lease-lost'>
  /** The store did not answer. Either nothing was started, or what was done may not be recorded. */
  | (Failed<'store-unavailable'> & { readonly error: StoreUnavailableError });
export type FailureCode = Failure['code'];

/** The request itself is wrong; nothing was claimed. `invalid-request`: its payload was rejected or cannot be read. */
type RejectedRequest = Failed<
  'missing-idempotency-key' | 'invalid-idempotency-key' | 'missing-timestamp' | 'invalid-request'
> & { readonly error: unknown };

/** The engine decided not to start the work. */
export type NotStarted =
  /**
   * Another consumer works on the key, and its lease ends in `remainingMs` unless it is renewed; or the last attempt failed,
   * and the next one may start in `remainingMs`.
   */
  | (Failed<'in-progress'> & { readonly remainingMs: number })
  /** The key belongs to another payload. */
  | Failed<'idempotency-key-reused'>
  /** All attempts that the key may have were made, and the last one failed. */
  | (Failed<'retries-exhausted'> & { readonly attempts: number })
  /** The request is older than records live, and there is no record: it may have been processed and forgotten. */
  | Failed<'outside-deduplication-window'>
  /** The request says that it was made later than now, by more than clocks may differ. */
  | (Failed<'from-the-future'> & { readonly aheadMs: number });

interface Failed<Code extends string> {
  readonly kind: 'failed';
  readonly code: Code;
}

/** Work that threw. */
export interface FailedWork {
  readonly error: unknown;
  /** Which counted attempt it was, from 1. */
  readonly attempt: number;
  /** How many of the counted attempts do not count against the limit. Default: none. */
  readonly forgivenAttempts?: number;
  /** When work on the key may start again. Default: at once. */
  readonly retryInMs?: number;
}

/** Base class of all errors of the library; tell them apart by class or by `code`. */
export abstract class IdempotencyError extends Error {
  abstract readonly code: FailureCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request has no idempotency key. */
export class MissingIdempotencyKeyError extends IdempotencyError {
  readonly code = 'missing-idempotency-key';
}

/** The request's idempotency key is not 1 to 255 visible ASCII characters, or it has two keys that differ. */
export class InvalidIdempotencyKeyError extends IdempotencyError {
  readonly code = 'invalid-idempotency-key';
}

/** The request does not say when it was made, although the handler requires that. */
export class MissingTimestampError extends IdempotencyError {
  readonly code = 'missing-timestamp';

  constructor() {
    super('it has no AMQP timestamp, so its age is not known and it may have been processed and forgotten');
  }
}

/** The request lacks a property that the option `fingerprint` names, so it cannot be compared with others. */
export class MissingFingerprintPropertyError extends IdempotencyError {
  readonly code = 'invalid-request';

  constructor(path: string) {
    super(`the property '${path}' is missing, which makes it the same request`);
  }
}

/** The request does not say whose it is, although the handler keeps the keys of tenants apart. */
export class MissingTenantError extends IdempotencyError {
  readonly code = 'invalid-request';

  constructor(scope: string) {
    super(`the tenant is not known, and keys in the scope '${scope}' are kept apart by tenant`);
  }
}

/** The request has a body that was not read, so it cannot be compared with others. */
export class UnreadBodyError extends IdempotencyError {
  readonly code = 'invalid-request';

  constructor(contentType: string) {
    super(
      `the body (${contentType}) was not read before the handler: use a body parser or an upload interceptor for it, ` +
        'or the option `fingerprint` of the handler',
    );
  }
}

/** Another consumer is working on the key. Try again when its lease may have ended. */
export class IdempotencyKeyInProgressError extends IdempotencyError {
  readonly code = 'in-progress';

  constructor(readonly remainingMs: number) {
    super(
      `the idempotency key is in progress elsewhere; its lease ends in ${remainingMs} ms unless it is renewed`,
    );
  }
}

/** The key was used before with another payload. A new request needs a new key. */
export class IdempotencyKeyReusedError extends IdempotencyError {
  readonly code = 'idempotency-key-reused';

  constructor() {
    super('the idempotency key was used before with another payload; a new request needs a new key');
  }
}

/** All attempts of the key were made, and each of them failed. */
export class RetriesExhaustedError extends IdempotencyError {
  readonly code = 'retries-exhausted';

  constructor(readonly attempts: number) {
    super(`all ${attempts} attempts at this idempotency key have failed, and no more are made`);
  }
}

/** The request is older than records live, and there is no record: it may have been processed and forgotten. */
export class OutsideDeduplicationWindowError extends IdempotencyError {
  readonly code = 'outside-deduplication-window';

  constructor() {
    super('the request is older than records are kept, so it may have been processed and forgotten');
  }
}

/** The request says that it was made later than now, by more than clocks may differ. Correct the clock of its sender. */
export class RequestFromTheFutureError extends IdempotencyError {
  readonly code = 'from-the-future';

  constructor(readonly aheadMs: number) {
    super(`the request says that it was made ${aheadMs} ms from now; the clock of its sender is wrong`);
  }
}

/**
 * The lease ran out during the work, so another consumer may have started it. Thrown by
 * `IdempotencyContext.assertHeld()`, and the reason of its abort signal.
 */
export class LeaseLostError extends IdempotencyError {
  readonly code = 'lease-lost';

  constructor() {
    super('the lease on the idempotency key was lost; another consumer may be working on it now');
  }
}

/** The store refused a step or did not answer in time. Whether the step was taken is unknown; `cause` says why. */
export class StoreUnavailableError extends IdempotencyError {
  readonly code = 'store-unavailable';

  constructor(step: string, cause: unknown) {
    super(`the idempotency store did not confirm '${step}': ${messageOf(cause)}`, { cause });
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A request that was rejected before anything was claimed, by what was thrown. */
export function rejected(error: unknown): Failure {
  const isOfKeyOrTime =
    error instanceof MissingIdempotencyKeyError ||
    error instanceof InvalidIdempotencyKeyError ||
    error instanceof MissingTimestampError;
  return { kind: 'failed', code: isOfKeyOrTime ? error.code : 'invalid-request', error };
}

/** The error for a failure, for callers who want exceptions. */
export function errorOf(failure: Failure): unknown {
  switch (failure.code) {
    case 'missing-idempotency-key':
    case 'invalid-idempotency-key':
    case 'missing-timestamp':
    case 'invalid-request':
    case 'work-failed':
    case 'store-unavailable':
      return failure.error;
    case 'in-progress':
      return new IdempotencyKeyInProgressError(failure.remainingMs);
    case 'idempotency-key-reused':
      return new IdempotencyKeyReusedError();
    case 'retries-exhausted':
      return new RetriesExhaustedError(failure.attempts);
    case 'outside-deduplication-window':
      return new OutsideDeduplicationWindowError();
    case 'from-the-future':
      return new RequestFromTheFutureError(failure.aheadMs);
    case 'lease-lost':
      return new LeaseLostError();
    default:
      return failure satisfies never;
  }
}
