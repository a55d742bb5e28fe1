import { deduplicationWindow } from '../deduplication-window';
import type { BeginRequest, CompleteRequest } from '../idempotency-store';
import { writeRecord } from '../stored-record';
import type { StatementCall } from './gathered-statements';

/** A request as the statement `begin` takes it. */
export function beginCall(request: BeginRequest): StatementCall {
  const { ttlSeconds, leaseMs, clockToleranceMs, requestedAt, waitingSince, maxAttempts } = request;
  const { oldestMs } = deduplicationWindow(ttlSeconds, clockToleranceMs);
  const mayStart = maxAttempts === undefined || maxAttempts > 0;
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

/** A request as the statement `complete` takes it. */
export function completeCall(request: CompleteRequest): StatementCall {
  const { ttlSeconds, clockToleranceMs, ownerToken, recordText } = request;
  const { rememberedMs } = deduplicationWindow(ttlSeconds, clockToleranceMs);
  return {
    name: request,
    values: [ownerToken, recordText ?? writeRecord(request.record)],
    shared: [ttlSeconds * 1000, rememberedMs],
  };
}

/** A claim never lives shorter than its lease, or the fencing tokens would start again with the next owner. */
export function lifeOf({ ttlSeconds, clockToleranceMs, leaseMs }: BeginRequest): number {
  return Math.max(deduplicationWindow(ttlSeconds, clockToleranceMs).rememberedMs, leaseMs);
}
