/** Injection token of the store that the engine works on; see the interface of the same name. */
export const IdempotencyStore = Symbol('IdempotencyStore');

/** What names one piece of work: the scope keeps the keys of different kinds of work apart. */
export interface ScopedKey {
  readonly scope: string;
  readonly key: string;
}

/** A key with the payload that it is claimed for. */
export interface ClaimedKey extends ScopedKey {
  /** Made by `fingerprintOf`. Without it every payload under the key counts as the same. */
  readonly fingerprint?: string;
}

/** An error as a record keeps it. */
export interface StoredError {
  readonly name: string;
  readonly message: string;
  /** Status and body of an `HttpException`. */
  readonly http?: { readonly status: number; readonly response: string | object };
}

/** A finished piece of work, as it is stored. `result` is whatever JSON the handler returned. */
export interface IdempotencyRecord {
  /** ISO 8601. */
  readonly processedAt: string;
  readonly result: unknown;
  /** Instead of a result, where an error was remembered. */
  readonly error?: StoredError;
  /** Canonical hash of the payload that was processed; absent when fingerprints are off. */
  readonly fingerprint?: string;
  /** Where the work was done, in the words of the application. */
  readonly origin?: string;
  /** Fencing token of the claim that finished the work. */
  readonly fencingToken: number;
}

export interface BeginRequest extends ScopedKey {
  /** Unique to this claim: only who knows it may extend, complete or release. */
  readonly ownerToken: string;
  readonly leaseMs: number;
  readonly ttlSeconds: number;
  readonly fingerprint: string | undefined;
  /** When the request was made. Without it the age of a request is not judged. */
  readonly requestedAt: Date | undefined;
  /** How far the clock behind `requestedAt` may be off. Left out: not at all, and the future is not judged. */
  readonly clockToleranceMs?: number | undefined;
  /** Since when the request has waited for us: its age is that of this moment. Left out: of now. */
  readonly waitingSince?: Date | undefined;
  /** No attempt begins once so many are counted, less those forgiven, and the last one was released. Left out: no limit. */
  readonly maxAttempts?: number | undefined;
  /**
   * How many of the counted attempts do not use up `maxAttempts`: those made before a person sent the request again. All
   * requests of the key have the largest number that one of them has told, whatever it was answered. More than there were
   * claims cannot be true: then it is as if left out. Left out: none.
   */
  readonly forgivenAttempts?: number | undefined;
}

export interface Claim {
  /** Grows by one with each claim of the key. */
  readonly fencingToken: number;
  /** Which counted attempt this is, from 1: claims less those that were uncounted. */
  readonly attempt: number;
  /** How many of the counted ones use up no limit. */
  readonly forgivenAttempts: number;
  /** How long before this claim the first one was, by the store's clock. */
  readonly sinceFirstAttemptMs: number;
  /**
   * Only where the request is too old to be new and was taken because it had waited: how long before this claim an
   * earlier one, now forgotten, may have been.
   */
  readonly sinceForgottenMs?: number;
}

export type BeginReply =
  | { readonly kind: 'acquired'; readonly claim: Claim }
  | { readonly kind: 'completed'; readonly record: IdempotencyRecord }
  /** Another owner holds the lease; it may end it earlier. */
  | { readonly kind: 'in-progress'; readonly remainingMs: number }
  /** Nobody works on it, and nobody can before so much time has passed. */
  | { readonly kind: 'not-due'; readonly remainingMs: number }
  | { readonly kind: 'idempotency-key-reused' }
  | { readonly kind: 'retries-exhausted'; readonly attempts: number }
  | { readonly kind: 'outside-deduplication-window' }
  | { readonly kind: 'from-the-future'; readonly aheadMs: number };

export interface LeaseOwner extends ScopedKey {
  readonly ownerToken: string;
}

export interface CompleteRequest extends LeaseOwner {
  readonly record: IdempotencyRecord;
  readonly ttlSeconds: number;
  /** See `BeginRequest`. With it, it may be known for longer than the record lives that the key was finished. */
  readonly clockToleranceMs?: number | undefined;
}

export type CompleteReply =
  { readonly kind: 'stored' } | { readonly kind: 'lost'; readonly record: IdempotencyRecord | undefined };

export interface Finding {
  readonly record: IdempotencyRecord | undefined;
  readonly attempts: number;
  /** Those among them that were not uncounted. */
  readonly countedAttempts: number;
  /** Those among the counted ones that use up no limit. */
  readonly forgivenAttempts: number;
  /** Undefined when nobody works on the key. */
  readonly remainingLeaseMs: number | undefined;
}

/** What a release leaves for those who begin after it. */
export interface ReleaseOptions {
  /**
   * `uncounted`: as if the claim had not happened, but for the fencing token; if all claims were uncounted, the
   * key is free for any payload again. `unfinished`: counted, but the work did not come to its end, as if the owner had
   * died: another attempt may follow even the last one.
   */
  readonly counting: 'counted' | 'uncounted' | 'unfinished';
  /** Until the next attempt may begin; before that none begins, and the answer is `not-due`. Left out: at once. */
  readonly backoffMs?: number | undefined;
}

/**
 * Where records, leases and attempts live. Every method is one atomic step, and only the store's clock decides
 * whether a lease has run out.
 *
 * A method rejects with {@link StoreUnavailableError} when the store refused or did not answer in time. The step may
 * then have been taken or not: the caller must be right in both cases.
 *
 * `storeContract()` of `idempotency/testing` holds a store of your own to all of this.
 */
export interface IdempotencyStore {
  /** Looks for a record, checks fingerprint, age and attempts, takes the lease and counts the claim. */
  begin(request: BeginRequest): Promise<BeginReply>;
  /** Stores the record and frees the key, if the lease is still the caller's. */
  complete(request: CompleteRequest): Promise<CompleteReply>;
  /** Makes the lease last `leaseMs` from now, if it is still the caller's. */
  extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'>;
  /** Frees the key without a record, if the lease is still the caller's. */
  release(owner: LeaseOwner, options: ReleaseOptions): Promise<'released' | 'lost'>;
  /** Reads what is known of a key, without changing anything. */
  find(name: ScopedKey): Promise<Finding>;
  /**
   * Removes a key's record and its attempts, so that it may be used as if for the first time, fencing tokens included.
   * While somebody holds the lease nobody else may start: the lease and the attempts then stay, and the owner's record
   * will be stored. To forget that one too, forget again when the work is done.
   */
  forget(name: ScopedKey): Promise<void>;
  /** Resolves when the store takes writes, rejects with the reason otherwise. */
  probe(): Promise<void>;
}
