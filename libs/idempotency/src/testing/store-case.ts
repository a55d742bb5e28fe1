import type { IdempotencyStore } from '../stores/idempotency-store';

/** The clock by which leases, attempts and records expire in the store under test. */
export interface StoreClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves once at least this time has passed for the store. */
  advance(ms: number): Promise<void>;
}

/** One promise that every store must keep. */
export interface StoreCase {
  /** A sentence with the store as its subject. */
  readonly name: string;
  /** Rejects, with an `AssertionError` of `node:assert`, if the store breaks the promise. */
  readonly run: (store: IdempotencyStore, clock: StoreClock) => Promise<void>;
}
