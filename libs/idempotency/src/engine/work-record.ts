import { requireRecordable, unrecordable } from './recordable';
import type { RunRequest, Serialize } from './run-request';
import type { IdempotencyRecord } from '../stores/idempotency-store';
import { storedErrorFrom, writeRecord } from '../stores/stored-record';

/** The claimed run that a record is about. */
interface Claimed {
  readonly request: RunRequest;
  readonly claim: { readonly fencingToken: number; readonly attempt: number };
  readonly origin: string | undefined;
}

/**
 * The record of work that has returned; undefined if its result is not final. The work is done, so a fault of the
 * application's functions, or a result that cannot be recorded, is not a reason to do it again: then the `fault` is the
 * error to record.
 */
export function recordOfResult<T>(
  claimed: Claimed,
  result: T,
  serialize: Serialize<T> | undefined,
): IdempotencyRecord | { readonly fault: unknown } | undefined {
  const { scope, rememberResult } = claimed.request;
  try {
    if (!(rememberResult?.(result) ?? true)) return undefined;
    const recorded = serialize ? serialize(result) : result;
    requireRecordable(recorded, scope);
    const record = recordWith(claimed, { result: recorded ?? null });
    const refusal = refusalOf(record);
    return refusal ? { fault: unrecordable(recorded, scope, refusal.cause) } : record;
  } catch (fault) {
    return { fault };
  }
}

/** The record of an error that is remembered. */
export function recordOfError(claimed: Claimed, thrown: unknown): IdempotencyRecord {
  const error = storedErrorFrom(thrown);
  const record = recordWith(claimed, { result: null, error });
  if (!error.http || !refusalOf(record)) return record;
  // The body of an exception's response can be any object, and its status and message are worth more than none of it.
  const { name, message, http } = error;
  return recordWith(claimed, {
    result: null,
    error: { name, message, http: { ...http, response: message } },
  });
}

function recordWith(
  { request: { fingerprint }, origin, claim: { fencingToken, attempt } }: Claimed,
  end: Pick<IdempotencyRecord, 'result' | 'error'>,
): IdempotencyRecord {
  const processedAt = new Date().toISOString();
  const counted = attempt === fencingToken ? undefined : { attempt };
  return { processedAt, ...end, fingerprint, origin, fencingToken, ...counted };
}

/** Why JSON cannot hold the record, if so. The store writes the same text, which is made once. */
function refusalOf(record: IdempotencyRecord): { readonly cause: unknown } | undefined {
  try {
    writeRecord(record);
    return undefined;
  } catch (cause) {
    return { cause };
  }
}
