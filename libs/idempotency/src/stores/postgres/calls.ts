import { deduplicationWindow } from '../deduplication-window';
import type { BeginRequest, CompleteRequest, IdempotencyRecord, ScopedKey } from '../idempotency-store';
import type { StoredClaim } from '../stored-claim';
import { writeRecord } from '../stored-record';
import type { StatementCall } from './gathered-statements';
import { columnsOf } from './stored-row';

// The values of requests, in the order in which the statements of statements.ts take them.

export function beginCall(request: BeginRequest): StatementCall {
  const { ttlSeconds, leaseMs, clockToleranceMs, requestedAt, waitingSince } = request;
  const { oldestMs } = deduplicationWindow(ttlSeconds, clockToleranceMs);
  const mayStart = request.maxAttempts === undefined || request.maxAttempts > 0;
  return {
    name: request,
    values: [
      request.ownerToken,
      request.fingerprint ?? null,
      requestedAt?.getTime() ?? null,
      waitingSince?.getTime() ?? null,
    ],
    shared: [leaseMs, lifeOf(request), oldestMs, clockToleranceMs ?? null, mayStart],
  };
}

/** Over what is stored under a key, if it still has this version. */
export function replaceClaimCall(
  name: ScopedKey,
  { version, claim, endsAt }: { version: string; claim: StoredClaim; endsAt: number },
): StatementCall {
  return { name, values: [version, ...columnsOf(claim), endsAt], shared: [] };
}

/** A claim never lives shorter than its lease, or the fencing tokens would start again with the next owner. */
export function lifeOf({ ttlSeconds, clockToleranceMs, leaseMs }: BeginRequest): number {
  return Math.max(deduplicationWindow(ttlSeconds, clockToleranceMs).rememberedMs, leaseMs);
}

export function completeCall(request: CompleteRequest): StatementCall {
  const { ttlSeconds, clockToleranceMs, ownerToken, recordText } = request;
  const { rememberedMs } = deduplicationWindow(ttlSeconds, clockToleranceMs);
  return {
    name: request,
    values: [ownerToken, recordText ?? writeRecord(request.record)],
    shared: [ttlSeconds * 1000, rememberedMs],
  };
}

export function replaceRecordCall(
  name: ScopedKey,
  from: IdempotencyRecord,
  to: IdempotencyRecord,
): StatementCall {
  return { name, values: [writeRecord(from), writeRecord(to)], shared: [] };
}
