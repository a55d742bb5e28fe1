import { HttpException } from '@nestjs/common';
import type { IdempotencyRecord, StoredError } from './idempotency-store';

/**
 * Records are stored as JSON text, in memory too, so that later changes of a result object do not change its record.
 *
 * @throws TypeError if JSON cannot hold the record (a bigint, a cycle)
 */
export function writeRecord(record: IdempotencyRecord): string {
  return JSON.stringify(record);
}

/** @throws Error if {@link writeRecord} did not write the text */
export function readRecord(stored: unknown): IdempotencyRecord {
  const record: unknown = typeof stored === 'string' ? JSON.parse(stored) : undefined;
  if (!isRecord(record)) throw new Error('a stored idempotency record is not what this version writes');
  return record;
}

/** Whether a request has the payload of the record; true if the request or the record has no fingerprint. */
export function fitsRecord(record: IdempotencyRecord, fingerprint: string | undefined): boolean {
  return fingerprint === undefined || record.fingerprint === undefined || record.fingerprint === fingerprint;
}

/** How often a finished key was claimed; 0 if the record does not say it, because another program wrote it. */
export function attemptsOf({ fencingToken = 0, attempt = fencingToken }: Partial<IdempotencyRecord>) {
  return { attempts: fencingToken, countedAttempts: attempt, forgivenAttempts: 0 };
}

function isRecord(value: unknown): value is IdempotencyRecord {
  return typeof value === 'object' && value !== null && 'processedAt' in value && 'result' in value;
}

/** Thrown to duplicates instead of a remembered error, of which the record has little more than name and message: `original`. */
export class RememberedError extends Error {
  /** For GraphQL, which reads them from the error. */
  readonly extensions?: object;

  constructor(readonly original: StoredError) {
    super(original.message);
    this.name = 'RememberedError';
    if (original.extensions) this.extensions = original.extensions;
  }
}

export function storedErrorFrom(error: unknown): StoredError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  if (isRpcException(error)) return { name, message, rpc: { error: error.getError() } };
  if (error instanceof HttpException)
    return { name, message, http: { status: error.getStatus(), response: error.getResponse() } };
  const extensions = 'extensions' in error ? error.extensions : undefined;
  const hasExtensions =
    typeof extensions === 'object' && extensions !== null && Object.keys(extensions).length > 0;
  return { name, message, ...(hasExtensions && { extensions }) };
}

/** By its form: the package of its class is optional. */
function isRpcException(error: Error): error is Error & { getError(): string | object } {
  return 'getError' in error && typeof error.getError === 'function';
}

export function errorFrom(stored: StoredError): Error {
  const { http, message } = stored;
  if (!http) return new RememberedError(stored);
  // The message that its own class gave it: that of an HttpException is made from the body.
  return Object.assign(new HttpException(http.response, http.status), { message });
}
