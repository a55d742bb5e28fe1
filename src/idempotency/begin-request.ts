import type { RunRequest } from './run-request';
import type { IdempotencyModuleOptions } from './idempotency.options';
import type { BeginRequest } from './store/idempotency-store';

/** What the store is asked for a claim; what that leaves out is as the module's options say. */
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
