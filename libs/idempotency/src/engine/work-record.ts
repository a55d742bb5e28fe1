import { requireRecordable, unrecordable } from './recordable';
import type { RunRequest, Serialize } from './run-request';
import type { IdempotencyRecord, StoredError } from '../stores/idempotency-store';
import { storedErrorFrom, writeRecord } from '../stores/stored-record';

/** The claimed run that a record is about. */
interface Claimed {
  readonly request: RunRequest;
  readonly claim: { readonly fencingToken: number; readonly attempt: number };
  readonly origin: string | undefined;
}

/** A record and its text, which is made once, because results may be large. */
export interface WrittenRecord {
  readonly record: IdempotencyRecord;
  readonly text: string;
}

type ResultEnd =
  | ({ readonly kind: 'record' } & WrittenRecord)
  | { readonly kind: 'fault'; readonly fault: unknown }
  | { readonly kind: 'not-final' };

/**
 * The record of work that has returned, if its result is final. The work is done, so a fault of the application's functions,
 * or a result that cannot be recorded, is not a reason to do it again: then the `fault` is the error to record.
 */
export function recordOfResult<T>(
  claimed: Claimed,
  result: T,
  serialize: Serialize<T> | undefined,
): ResultEnd {
  const { request } = claimed;
  const { rememberResult } = request;
  try {
    if (!(rememberResult?.(result) ?? true)) return { kind: 'not-final' };
    const recorded = serialize ? serialize(result) : result;
    requireRecordable(recorded, request);
    const record = recordWith(claimed, recorded ?? null);
    try {
      return { kind: 'record', record, text: writeRecord(record) };
    } catch (cause) {
      return { kind: 'fault', fault: unrecordable(recorded, request, cause) };
    }
  } catch (fault) {
    return { kind: 'fault', fault };
  }
}

/** The record of an error that is remembered. */
export function recordOfError(claimed: Claimed, thrown: unknown): WrittenRecord {
  const error = storedErrorFrom(thrown);
  const record = recordWith(claimed, null, error);
  try {
    return { record, text: writeRecord(record) };
  } catch (cause) {
    if (!error.http) throw cause;
    // The body of an exception's response can be any object, and its status and message are worth more than none of it.
    const { name, message, http } = error;
    const short = recordWith(claimed, null, { name, message, http: { ...http, response: message } });
    return { record: short, text: writeRecord(short) };
  }
}

function recordWith(
  { request: { fingerprint }, origin, claim: { fencingToken, attempt } }: Claimed,
  result: unknown,
  error?: StoredError,
): IdempotencyRecord {
  const processedAt = new Date().toISOString();
  const counted = attempt === fencingToken ? undefined : attempt;
  // JSON leaves out what is undefined.
  return { processedAt, result, error, fingerprint, origin, fencingToken, attempt: counted };
}
