import type { Queryable } from '../engine/transactions';

/** Injection token of the store that the engine uses; see the interface of the same name. */
export const IdempotencyStore = Symbol('IdempotencyStore');

/** Identifies one piece of work: the scope keeps the keys of different kinds of work apart. */
export interface ScopedKey {
  readonly scope: string;
  readonly key: string;
}

/** A key with the payload that it is claimed for. */
export interface ClaimedKey extends ScopedKey {
  /** Made by `fingerprintOf`. Without it every payload under the key counts as the same. */
  readonly fingerprint?: string;
}

/** An error as it is stored in a record. */
export interface StoredError {
  readonly name: string;
  readonly message: string;
  /** Status and body of an `HttpException`. */
  readonly http?: { readonly status: number; readonly response: string | object };
  /** The content of an `RpcException` of @nestjs/microservices. */
  readonly rpc?: { readonly error: string | object };
  /** What GraphQL sends to the client beside the message, such as a `code`. */
  readonly extensions?: object;
}

/** A finished piece of work, as it is stored. `result` is whatever JSON the handler returned. */
export interface IdempotencyRecord {
  /** ISO 8601. */
  readonly processedAt: string;
  readonly result: unknown;
  /** Instead of a result, if an error was remembered. */
  readonly error?: StoredError;
  /** Canonical hash of the payload that was processed; absent when fingerprints are off. */
  readonly fingerprint?: string;
  /** Where the work was done; see `IdempotencyModuleOptions.origin`. */
  readonly origin?: string;
  /** Fencing token of the claim that finished the work: the number of all claims. */
  readonly fencingToken: number;
  /** Which counted attempt finished it, if earlier claims were uncounted; otherwise the same as `fencingToken`. */
  readonly attempt?: number;
}

/** Asks for the claim of a key. */
export interface BeginRequest extends ScopedKey {
  /** Unique to this claim, without white space: only its owner may extend, complete or release. */
  readonly ownerToken: string;
  readonly leaseMs: number;
  readonly ttlSeconds: number;
  readonly fingerprint: string | undefined;
  /** When the request was made. Undefined: its age is not checked. */
  readonly requestedAt: Date | undefined;
  /** How far the clock of the sender may be off, in ms. Default: 0, and timestamps in the future are not checked. */
  readonly clockToleranceMs?: number | undefined;
  /** Since when the request has waited on our side: its age counts at that moment. Default: now. */
  readonly waitingSince?: Date | undefined;
  /**
   * No attempt begins once the key has this many counted ones, not including those forgiven, and the last one was
   * released. Default: no limit.
   */
  readonly maxAttempts?: number | undefined;
  /**
   * How many of the counted attempts do not use up `maxAttempts`: those made before an operator sent the request again. The
   * largest number in any request of the key counts for all of them, whatever the reply to that request. A number larger
   * than the claims so far cannot be true and is ignored. Default: 0.
   */
  readonly forgivenAttempts?: number | undefined;
}

/** A claim of a key: the right to work on it. */
export interface Claim {
  /** Grows by one with each claim of the key. */
  readonly fencingToken: number;
  /** Which counted attempt this is, from 1: all claims without the uncounted ones. */
  readonly attempt: number;
  /** How many of the counted attempts do not count against the limit. */
  readonly forgivenAttempts: number;
  /** How long before this claim the first one was, by the store's clock. */
  readonly sinceFirstAttemptMs: number;
  /**
   * Only for a request outside the deduplication window that was accepted because it had waited on our side: how long
   * before this claim an earlier one, now forgotten, may have been made, in ms.
   */
  readonly sinceForgottenMs?: number;
}

/** What a store replies to `begin`: a claim, the record of an earlier run, or why the work may not start. */
export type BeginReply =
  | { readonly kind: 'acquired'; readonly claim: Claim }
  | { readonly kind: 'completed'; readonly record: IdempotencyRecord }
  /** Another owner holds the lease, for `remainingMs` unless it renews or releases it. */
  | { readonly kind: 'in-progress'; readonly remainingMs: number }
  /** The key is not in progress, but the next attempt may not begin for `remainingMs`. */
  | { readonly kind: 'not-due'; readonly remainingMs: number }
  | { readonly kind: 'idempotency-key-reused' }
  | { readonly kind: 'retries-exhausted'; readonly attempts: number }
  | { readonly kind: 'outside-deduplication-window' }
  | { readonly kind: 'from-the-future'; readonly aheadMs: number };

/** A claim, as its owner names it to extend, complete or release it. */
export interface LeaseOwner extends ScopedKey {
  readonly ownerToken: string;
}

/** Stores the record of finished work. */
export interface CompleteRequest extends LeaseOwner {
  readonly record: IdempotencyRecord;
  /** `record` as JSON, which the engine has made before, to find out whether it can be. A store need not make it again. */
  readonly recordText?: string;
  readonly ttlSeconds: number;
  /** See `BeginRequest`. With it, the store may remember for longer than the record lives that the key was finished. */
  readonly clockToleranceMs?: number | undefined;
}

/** `lost`: the lease is not the caller's any more; `record` is what is stored instead, if anything. */
export type CompleteReply =
  { readonly kind: 'stored' } | { readonly kind: 'lost'; readonly record: IdempotencyRecord | undefined };

/** `lost`: the lease is not the caller's any more. `steps` is the text that was saved last, if any. */
export type LoadStepsReply =
  { readonly kind: 'loaded'; readonly steps: string | undefined } | { readonly kind: 'lost' };

/** What is stored under a key. */
export interface Finding {
  readonly record: IdempotencyRecord | undefined;
  /** All claims of the key so far. */
  readonly attempts: number;
  /** `attempts` without the uncounted ones. */
  readonly countedAttempts: number;
  /** How many of the counted ones do not count against the limit. */
  readonly forgivenAttempts: number;
  /** Undefined if the key is not in progress. */
  readonly remainingLeaseMs: number | undefined;
}

/** What a release means for the next attempts. */
export interface ReleaseOptions {
  /**
   * `uncounted`: as if the claim had not happened, except for the fencing token; if all claims were uncounted, the key is
   * free for any payload again. `unfinished`: counted, but the work did not end, as if the owner had died: even after the
   * last attempt, another one may follow.
   */
  readonly counting: 'counted' | 'uncounted' | 'unfinished';
  /** Wait before the next attempt may begin, in ms; until then, `begin` replies `not-due`. Default: none. */
  readonly backoffMs?: number | undefined;
}

/** Why a store that accepts writes may still lose a record, so that finished work is repeated, or becomes full. */
export interface StoreWarning {
  /**
   * `may-evict`: a server deletes records when its memory is full. `eviction-unknown`: it does not say whether it does.
   * `not-deleted`: expired rows cannot be deleted.
   */
  readonly code: 'may-evict' | 'eviction-unknown' | 'not-deleted';
  /** What is wrong, on which server, and what to set, in one sentence. */
  readonly message: string;
}

/**
 * Where records and claims live. Every method is one atomic step, and only the store's clock decides
 * whether a lease has run out.
 *
 * A method rejects with {@link StoreUnavailableError} if the store refused or did not answer in time. The step may then
 * have been taken or not: the caller must handle both cases.
 *
 * `storeContract()` of `nestjs-idempotent/testing` has tests for a store of your own.
 *
 * @example
 * const owner = { scope: 'order', key: 'abc', ownerToken: randomUUID() };
 * const reply = await store.begin({ ...owner, leaseMs: 30_000, ttlSeconds, fingerprint: undefined, requestedAt: undefined });
 * if (reply.kind === 'acquired') await store.complete({ ...owner, ttlSeconds, record });
 */
export interface IdempotencyStore {
  /** Looks for a record, checks fingerprint, age and attempts, takes the lease and counts the claim. */
  begin(request: BeginRequest): Promise<BeginReply>;
  /** Stores the record and frees the key, if the lease is still the caller's. */
  complete(request: CompleteRequest): Promise<CompleteReply>;
  /** Makes the lease last `leaseMs` from now, if it is still the caller's. */
  extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'>;
  /**
   * The results of the work's steps that earlier attempts and this one have saved, if the lease is still the caller's. They
   * live and end with the attempts: they are gone when the key is finished or forgotten, has expired, or is free for another
   * payload, because all attempts were uncounted.
   */
  loadSteps(owner: LeaseOwner): Promise<LoadStepsReply>;
  /** Stores this JSON text in place of the one saved before, if the lease is still the caller's. */
  saveSteps(owner: LeaseOwner, steps: string): Promise<'saved' | 'lost'>;
  /**
   * Stores a record in place of `from`, as {@link find} returned it, if that is still what is stored, to the byte: `changed`
   * if it is another one, or none. The new one lives for as long as the old one would have.
   */
  replaceRecord(
    name: ScopedKey,
    from: IdempotencyRecord,
    to: IdempotencyRecord,
  ): Promise<'replaced' | 'changed'>;
  /** Frees the key without a record, if the lease is still the caller's. */
  release(owner: LeaseOwner, options: ReleaseOptions): Promise<'released' | 'lost'>;
  /** Reads what is stored under a key, without changing anything. */
  find(name: ScopedKey): Promise<Finding>;
  /**
   * Removes a key's record and its attempts, so that it may be used like a new one; its fencing tokens start again at 1.
   * While the key is in progress, the lease and the attempts stay, so that no second owner starts, and the owner's record
   * will be stored. To remove that one too, forget the key again when the work is done.
   */
  forget(name: ScopedKey): Promise<void>;
  /**
   * Resolves if the store accepts writes, with warnings if it may lose records all the same; an empty array if not. Rejects
   * with a {@link StoreUnavailableError} if it does not accept writes.
   */
  probe(): Promise<readonly StoreWarning[]>;
}

/** A store in the database of an application, which can record the end of work in the transaction of its effect. */
export interface TransactionalStore extends IdempotencyStore {
  /** The first step of a transaction: the server ends it if its client stays silent for longer than `idleMs`. */
  limitIdleTime(transaction: Queryable, idleMs: number): Promise<void>;
  /** `complete` as a part of the transaction: if the reply is `stored`, the record exists once that commits. */
  completeIn(transaction: Queryable, request: CompleteRequest): Promise<'stored' | 'lost'>;
  /** Whether an error means that the transaction had no effect, and that the same transaction may succeed now. */
  isRepeatable(error: unknown): boolean;
}
