import type { IdempotencyStore } from '../store/idempotency-store';

/** The clock by which the store under test lets leases, attempts and records end. */
export interface StoreClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves when at least this much time has passed for the store. */
  advance(ms: number): Promise<void>;
}

/** One promise that every store keeps. */
export interface StoreCase {
  /** A sentence with the store as its subject. */
  readonly name: string;
  /** Rejects, with an `AssertionError` of `node:assert`, when the store breaks the promise. */
  readonly run: (store: IdempotencyStore, clock: StoreClock) => Promise<void>;
}
