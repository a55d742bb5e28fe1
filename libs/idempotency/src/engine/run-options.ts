import type { JsonOf } from './json-of';
import { fingerprintOf } from './fingerprint';
import type { RunRequest, RunSettings } from './run-request';
import type { ClaimedKey } from '../stores/idempotency-store';

/** How `IdempotencyService.run` treats one call. */
export interface RunOptions extends RunSettings {
  /** Keeps the keys of different kinds of work apart. */
  readonly scope: string;
  /**
   * JSON that makes it the same request: a call with the same key and another payload fails with
   * `idempotency-key-reused`. Default: payloads are not compared.
   */
  readonly payload?: unknown;
  /** Only together with `deserialize`: see {@link ConvertingRunOptions}. */
  readonly serialize?: undefined;
  readonly deserialize?: undefined;
}

/**
 * Options of `run` for a result that JSON would change or cannot hold.
 *
 * @example
 * const outcome = await idempotency.run(id, () => total(), {
 *   scope: 'total',
 *   serialize: (sum: bigint) => String(sum),
 *   deserialize: (stored) => BigInt(stored),
 * });
 */
export interface ConvertingRunOptions<T, S, R> extends Omit<RunOptions, 'serialize' | 'deserialize'> {
  /** Turns what the work returned into JSON for the record. An error that it throws is the recorded end of the work. */
  readonly serialize: (result: T) => S;
  /** Turns the recorded JSON back, for a call whose answer is `replayed`. */
  readonly deserialize: (stored: JsonOf<S>) => R;
}

/**
 * The request for a call of `run`. Every property is named: an object that is copied with `...` and then extended makes a
 * whole run a sixth slower.
 *
 * @throws Error if the payload is not JSON
 */
export function runRequest(
  key: string,
  options: RunOptions | ConvertingRunOptions<never, unknown, unknown>,
): RunRequest {
  return {
    scope: options.scope,
    key,
    fingerprint: 'payload' in options ? fingerprintOf(options.payload) : undefined,
    ttlSeconds: options.ttlSeconds,
    leaseMs: options.leaseMs,
    maxWorkMs: options.maxWorkMs,
    inProgressWaitMs: options.inProgressWaitMs,
    rememberResult: options.rememberResult,
    rememberError: options.rememberError,
    uncounted: options.uncounted,
    transaction: options.transaction,
    // A setting that is not copied would silently have no effect.
  } satisfies Record<keyof RunSettings | keyof ClaimedKey, unknown>;
}
