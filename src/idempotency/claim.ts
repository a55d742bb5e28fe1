import type { IdempotencyContext } from './idempotency.context';
import type { ScopedKey } from './store/idempotency-store';

/** One request for a piece of work. */
export interface Claim extends ScopedKey {
  /** See {@link fingerprintOf}. Without it every payload under the key counts as the same. */
  readonly fingerprint?: string;
  /** When the request was made. With it, one that may have been processed and forgotten is declined. */
  readonly requestedAt?: Date;
  /** How long to wait for another process's answer before the key counts as busy, in ms. Default 0. */
  readonly busyWaitMs?: number;
  /** Errors after which the acquisition does not count as an attempt. Default: none. */
  readonly excuse?: (error: unknown) => boolean;
}

/** What is to be done once. */
export type Work<T> = (context: IdempotencyContext) => Promise<T>;
