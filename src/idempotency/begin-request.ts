import type { RunRequest } from './run-request';
import type { IdempotencyModuleOptions } from './idempotency.options';
import type { BeginRequest } from './store/idempotency-store';

/** The request to the store for a claim; the module's options are its defaults. */
export function beginRequest(
  { scope, key, fingerprint, requestedAt, maxAttempts, forgivenAttempts, ...request }: RunRequest,
  options: IdempotencyModuleOptions,
  ownerToken: string,
): BeginRequest {
  return {
    scope,
    key,
    ownerToken,
    leaseMs: request.leaseMs ?? options.leaseMs,
    ttlSeconds: request.ttlSeconds ?? options.ttlSeconds,
    fingerprint,
    requestedAt,
    clockToleranceMs: options.clockToleranceMs,
    maxAttempts,
    forgivenAttempts,
  };
}
